"""Replaces secrets and personal data with stable placeholders; knows no place they come from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pydantic import JsonValue

from bot.knowledge.redact_keys import is_secret, key_kind
from bot.knowledge.redact_rules import IPV4, MAX_VALUE_CHARS, PLACEHOLDER, RULES, Pattern

MAX_DEPTH = 100
"""Nesting of a JSON value that is still walked; whatever lies deeper is replaced whole."""

# Most text is clean, and ingest pays for every label: these two find whatever a rule could match
# by its rarest characters, in about a microsecond. They may be wrong only in saying yes. Each
# alternative starts with a plain character, which lets the engine skip all others.
_ENDS = (  # the last two letters of password, secret, token, api_key, authorization …
    "(?:[aA][lL]|[dDlLsS][sS]|[eEiIrRwW][dD]|[eEoO][nN]|[eE][tTyY]|[iIrRsSuU][eE]|[iI][gG]|[tT][hH])"
)
_KEY = (
    rf"(?<=[A-Za-z\"' \t:=].)"
    rf"(?:(?<={_ENDS}.)|(?<={_ENDS}[\"' \t].)|(?<={_ENDS}\\.[ \t:=])|(?<=[\"' \t][ \t].))"
)
_find_mark = re.compile(
    r"@|\+[1-9]|\(|~(?<=Q~)|x(?:ox|app-)|J(?<=eyJ)|A(?:KIA|SIA|BIA|CCA|Iza)|SK[0-9a-f]{8}"
    r"|gl(?:[a-z]{2,4}|agent)-[\w-]{16}|/(?:services|workflows|triggers|webhooks|webhookb2)/|:AA[\w-]{16}"
    r"|'(?<=(?i:word) .)|\"(?<=(?i:word) .)|-(?:-|u |Ag|[A-Za-z0-9]{16}|(?<=sk-|AK-|PX-|EY-))"
    r"|_(?:[A-Za-z0-9]{16}|(?<=pat_|.ec_))|\.[\w-]{6}(?:[\w-]{10}|[\w-]?\.[\w-]{20})"
    rf"| (?<=(?i:arer|asic) )|\t(?<=(?i:arer|asic)\t)|={_KEY}|:{_KEY}|>{_KEY}"
).search
_find_number = re.compile(
    r"[0-9](?:[0-9]{2}(?:[0-9]{10}|[0-9][ -][0-9]{4}|-[0-9]{3}-)"
    r"|(?<=[A-Z][A-Z][0-9])[0-9](?: ?[A-Z0-9]){11})"
).search
_SHAPES = bytes(
    57 if 48 <= code <= 57 else 65 if 65 <= code <= 90 else code if code in b" -" else 46
    for code in range(256)
)
"""Bytes to their kind: 9 a digit, A a capital letter, blank and hyphen themselves, else a dot."""
_NUMBERS = (b"9" * 13, b"9999 9999", b"9999-9999", b"999-999-", b"AA99")
_MIN_CHARS = 6
_MIN_NUMBER_CHARS = 12

_NOTHING: Mapping[str, int] = MappingProxyType({})


def _may_hide(text: str) -> bool:
    size = len(text)
    if size < _MIN_CHARS:
        return False
    if _find_mark(text) is not None:
        return True
    return size >= _MIN_NUMBER_CHARS and _has_number(text) and _find_number(text) is not None


def _has_number(text: str) -> bool:
    """Tell whether `_find_number` could match, in a fiftieth of its time."""
    if text.isalpha():
        return False
    shape = text.encode("utf-8", "surrogatepass").translate(_SHAPES)
    return any(number in shape for number in _NUMBERS)


def is_plain_word(text: str) -> bool:
    """Tell small letters and digits with nothing between them, which no rule looks for."""
    return text.isalnum() and text.islower() and text.isascii()


@dataclass(frozen=True, slots=True)
class Redacted:
    """Text without secrets. `counts` maps a kind to how many were replaced, empty when none."""

    text: str
    counts: Mapping[str, int]


@dataclass(slots=True)
class Redactor:
    """One session over many strings: the same secret keeps its placeholder throughout.

    Placeholders are `‹secret:kind#n›`, numbered by kind from 1 in order of appearance; numbers
    that arrive in the text, from an earlier session, are not given again afterwards. The session
    holds the originals, so it should live no longer than one delivery or one incident's step.

    Attributes:
        ipv4: Also replace IPv4 addresses, which on-call people usually need to see.
        counts: Kind to how many were replaced so far, empty when none.
    """

    ipv4: bool = False
    counts: dict[str, int] = field(default_factory=dict[str, int])
    _known: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    _last: dict[str, int] = field(default_factory=dict[str, int], repr=False)
    _clean: set[str] = field(default_factory=set[str], repr=False)  # the alerts of a group repeat

    def text(self, text: str) -> str:
        """Return `text` with every secret replaced; clean text comes back as the same object."""
        if text in self._clean:
            return text
        if not (self.ipv4 or _may_hide(text)):
            self._clean.add(text)
            return text
        self._respect(text)
        for rule in RULES:
            if rule.hint in text:
                text = self._apply(rule, text)
        return self._apply(IPV4, text) if self.ipv4 else text

    def value(self, value: JsonValue) -> JsonValue:
        """Return a copy of the JSON `value` with every string in it redacted, keys too.

        A string beside a key that promises a secret (`{"password": "hunter2"}`, and also
        `{"name": "DB_PASSWORD", "value": "hunter2"}`) is judged as `password=hunter2` would be.
        """
        return self._walk(value, "", 0)

    def _walk(self, value: JsonValue, name: str, depth: int) -> JsonValue:
        if isinstance(value, str):
            return self._beside(name, value)
        if isinstance(value, list):
            if depth >= MAX_DEPTH:
                return self._placeholder("too_deep", "")
            return [self._walk(item, name, depth + 1) for item in value]
        if not isinstance(value, dict):
            return value
        if depth >= MAX_DEPTH:
            return self._placeholder("too_deep", "")
        label = value.get("name", value.get("key"))
        result: dict[str, JsonValue] = {}
        for key, item in value.items():
            hint = label if key == "value" and isinstance(label, str) else key
            result[self.text(key)] = self._walk(item, hint, depth + 1)
        return result

    def _beside(self, name: str, value: str) -> str:
        found = key_kind(name)
        if found is None or PLACEHOLDER.search(value):
            return self.text(value)
        kind, strength = found
        if is_secret(name, strength, value[:MAX_VALUE_CHARS], tight=True):
            return self._placeholder(kind, value)
        return self.text(value)

    def _apply(self, rule: Pattern, text: str) -> str:
        parts: list[str] = []
        at = copied = 0
        while match := rule.pattern.search(text, at):
            hit = rule.hit(match)
            if hit is None:
                at = match.start() + 1  # what was rejected may still hide the start of another
                continue
            kind, start, end = hit
            parts += (text[copied:start], self._placeholder(kind, text[start:end]))
            at = copied = end
        if not parts:
            return text
        parts.append(text[copied:])
        return "".join(parts)

    def _placeholder(self, kind: str, secret: str) -> str:
        known = self._known.get(secret)
        if known is None:
            number = self._last[kind] = self._last.get(kind, 0) + 1
            known = self._known[secret] = f"‹secret:{kind}#{number}›"
        else:
            kind = known[len("‹secret:") : known.index("#")]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return known

    def _respect(self, text: str) -> None:
        if "‹secret:" in text:
            for kind, number in PLACEHOLDER.findall(text):
                self._last[kind] = max(self._last.get(kind, 0), int(number))


def redact(text: str, *, ipv4: bool = False) -> Redacted:
    """Return `text` with its secrets replaced, numbered for this call alone.

    Idempotent: redacting the result again changes nothing. Never raises, whatever the text.
    """
    if not (ipv4 or _may_hide(text)):
        return Redacted(text, _NOTHING)
    session = Redactor(ipv4=ipv4)
    clean = session.text(text)
    return Redacted(clean, session.counts or _NOTHING)


def would_redact(value: JsonValue) -> str | None:
    """Return the first kind of secret that redaction would find in `value`, or None.

    For refusing a proposal's arguments: they are frozen and shown, so they are never rewritten.
    """
    session = Redactor()
    session.value(value)
    return next(iter(session.counts), None)
