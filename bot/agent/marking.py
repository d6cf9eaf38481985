"""Fences and marks text from outside, so that a model can tell it from ours (F-03). Pure.

A fence is `<CODE source=…>` to `</CODE>` on lines of their own; CODE is derived anew for each run,
from something in the log that nobody outside is told. Inside, every space is `MARK`, and every line
that belongs to the text before it begins with one, so that no line of a text can pass for another
line of ours. What could pass for a tag, for this run's code or for a token of a chat template is
broken up; characters nobody sees are spelled out. A text without any of these reads as before.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bot.incident.outside import FIELD_BYTES, cut
from bot.knowledge.redact import redact

MARK = "^"
"""A space of a text from outside; a caret itself is written `\\^`. The cheapest of its kind: half
as many tokens again as plain prose costs, where a character of the private use area costs twice."""
ALPHABET = "bcdfghjklmnpqrst"
"""No vowels: a code is never a word."""
CODE_CHARS = 8
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
RUN = 4
"""So many unseen characters in a row are counted, not spelled out."""

_PLAIN = re.compile(r"[+-]?[A-Za-z0-9_][A-Za-z0-9_.:+-]{0,79}")
_TAG = re.compile(r"<(?![\s\d=.$-]|$)")
_TEMPLATE = re.compile(
    r"\[(?=/?(?:INST|SYS|SYSTEM|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\b)",
    re.IGNORECASE,
)
_LINES = re.compile(r"\s*\n\s*")
_SPACES = re.compile(r"[ \t]+")
_ODD = re.compile(r"[^\x09\x0a\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes text from outside for one run; `code` is the run's own word for a fence."""

    code: str

    def fence(self, source: str, lines: Iterable[str], **attributes: str) -> str:
        """Return the marked lines between their fence, or "" when there is none with text.

        `source` and the attributes are ours; one that is empty or not plain is left out all the
        same. A line is cut at 2 kB (F-03), as `mark` does.
        """
        return self.fenced(source, (self.mark(line) for line in lines), **attributes)

    def fenced(self, source: str, marked: Iterable[str], **attributes: str) -> str:
        """Return lines that are marked already between their fence; "" when there are none."""
        inside = "\n".join(line for line in marked if line)
        if not inside:
            return ""
        origin = source if is_bare(source) else "outside"
        return f"<{self.code} source={origin}{told(**attributes)}>\n{inside}\n</{self.code}>\n"

    def mark(self, text: str, most_bytes: int = FIELD_BYTES) -> str:
        """Return text as it stands in a fence: no space, no tag, no code, nothing unseen.

        Secrets are replaced, whoever wrote them down and whatever let them in (F-07).
        """
        made = cut(_clean(text).replace("\r\n", "\n").replace("\r", "\n"), most_bytes).strip()
        made = _ODD.sub(_spelled, made).replace("^", "\\^")
        made = _TEMPLATE.sub(f"[{MARK}", _TAG.sub("&lt;", made))
        made = re.sub(self.code, "[fence]", made, flags=re.IGNORECASE)
        return _SPACES.sub(MARK, _LINES.sub(f"\n{MARK}", made))


def told(**attributes: str) -> str:
    """Return ` name=value` for each attribute that is plain: a name, a number, a time, an id."""
    return "".join(f" {name}={value}" for name, value in attributes.items() if is_bare(value))


def is_bare(text: str) -> bool:
    """True for a word that may stand outside a fence: no space, no tag, at most 80 characters."""
    return _PLAIN.fullmatch(text) is not None


def fence_code(incident: str, seed: str) -> str:
    """Return the word of a run's fences, the same after every restart.

    It is as hard to guess as `seed` is; but a guess gains nothing, since `mark` breaks it up.
    """
    raw = hashlib.sha256(f"fence\n{incident}\n{seed}".encode()).hexdigest()[:CODE_CHARS]
    return "".join(ALPHABET[int(digit, 16)] for digit in raw)


@lru_cache(maxsize=1024)
def _clean(text: str) -> str:
    """Return text without secrets; the same texts come again in every Step."""
    return redact(text).text


def _spelled(found: re.Match[str]) -> str:
    """Spell out what is not seen in a run of characters beyond ASCII; a space stays a space."""
    made, unseen = list[str](), list[str]()
    for char in found[0]:
        if _is_unseen(char):
            unseen.append(char)
            continue
        made += [_unseen(unseen), _seen(char)]
        unseen = []
    return "".join((*made, _unseen(unseen)))


def _is_unseen(char: str) -> bool:
    kind = unicodedata.category(char)
    return kind in UNSEEN or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _unseen(chars: list[str]) -> str:
    shown = "".join(f"\\u{ord(char):04x}" for char in chars[:RUN])
    return f"{shown}[{len(chars)} unseen]" if len(chars) > RUN else shown


def _seen(char: str) -> str:
    if unicodedata.category(char) == "Zs":
        return " "
    return "<" if char in "\uff1c\ufe64" else char
