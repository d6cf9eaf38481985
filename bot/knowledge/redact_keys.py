"""Which names promise a secret (`DB_PASSWORD`, `apiKey`) and which values beside them are one."""

import math
import re
from collections import Counter
from functools import lru_cache
from typing import Literal

Strength = Literal["strong", "weak", "vague", "signature"]
"""How much a name proves: `strong` names hold nothing but secrets; `weak` ones (token, secret)
also hold names of Kubernetes Secrets and parser positions; `vague` ones (key, cookie) need a
value that looks random; `signature` needs a long one."""

_NOT_SECRET = re.compile(
    r"(?:nopasswd|publickey|(?:pull|existing|tls)secret|(?:idempotency|dedup|group|cache|object"
    r"|partition|primary|foreign|sort|routing|row|shard)key)$"
)
_OWNERS = "db|user|smtp|mysql|pg|postgres|redis|admin|root|mail|ftp|http|ldap|proxy|login|mongo"
_NAMES: tuple[tuple[str, Strength, re.Pattern[str]], ...] = (
    ("password", "strong", re.compile(rf"(?:password|passwd|passphrase|pwd|(?:{_OWNERS})pass)$")),
    ("aws_secret", "strong", re.compile(r"(?:secretaccesskey|awssecret(?:key)?)$")),
    ("azure_key", "strong", re.compile(r"(?:accountkey|sharedaccesskey)$")),
    ("authorization", "strong", re.compile(r"authorization$")),
    (
        "api_key",
        "strong",
        re.compile(
            r"(?:api|app|application|access|secret|private|master|auth|signing|encryption|license"
            r"|integration|admin|subscription|function|ingest|write|shared)key$"
        ),
    ),
    (
        "secret",
        "strong",
        re.compile(r"(?:client|app|webhook|consumer|signing|shared|jwt|api|oauth|bot)secret$"),
    ),
    (
        "token",
        "strong",
        re.compile(
            r"(?:auth|access|refresh|bearer|id|api|session|security|sas|bot|oauth|private|personal"
            r"|csrf|xsrf|vault|github|gitlab|slack|discord|npm|pypi|registry|admin)token$"
        ),
    ),
    ("secret", "weak", re.compile(r"secret$")),
    ("token", "weak", re.compile(r"token$")),
    ("signature", "signature", re.compile(r"sig(?:nature)?$")),
    (
        "high_entropy",
        "vague",
        re.compile(r"(?:key|auth|credentials?|creds?|cookie|session(?:id)?|sid)$"),
    ),
)

_STOP_WORD = re.compile(
    r"apikey|authentication|basic|bearer|bool|boolean|cannot|changed|default|denied|digest|"
    r"does|empty|env|error|expired|failed|failure|false|has|hidden|incorrect|int|integer|invalid|"
    r"is|locked|masked|mismatch|missing|must|negotiate|nil|no|none|not|null|number|ok|"
    r"optional|password|redacted|rejected|required|reset|revoked|rotated|secret|str|string|"
    r"token|true|undefined|unexpected|unknown|unset|was|wrong|yes",
    re.IGNORECASE,
)
_BLANK = re.compile(
    r"[*x.•#?_-]+|\$[A-Z_][A-Z0-9_]*|[$%@#]\{.*|\{\{.*|%[sdvq]|%\(?\w+\)s"
    r"|(?:os\.environ|process\.env|var\.|env\.|secrets\.)\S*",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z]+[.!?:]?")
_PATH_OR_VERSION = re.compile(
    r"[~/.].*|[A-Za-z]:\\.*|\d{4}-\d\d.*|v?\d+(?:\.\d+)+\S*|\w+://.*|sha\d+[:-].*|[\d:.]+"
)
_RECORDING_RULE = re.compile(r"(?:rate|sum|avg|count|ratio|increase|total)[a-z0-9_:]*")
_NAME_PART = re.compile(r"[-./_:]")
_RANDOM = re.compile(r"[A-Za-z0-9+/_=.~%-]{20,}")
_SIGNATURE = re.compile(r"[A-Za-z0-9+/_=~%-]{20,}")
_WORDS = re.compile(r"[a-z]{4,}")
_NOT_A_LETTER = re.compile(r"[^a-z0-9]")


@lru_cache(maxsize=2048)
def key_kind(name: str) -> tuple[str, Strength] | None:
    """Return the kind of secret that `name` promises and how surely, or None.

    Case and punctuation do not matter: `DB_PASSWORD`, `db-password` and `dbPassword` are one.
    """
    plain = _NOT_A_LETTER.sub("", name[-80:].lower())
    if _NOT_SECRET.search(plain):
        return None
    for kind, strength, pattern in _NAMES:
        if pattern.search(plain):
            return kind, strength
    return None


def is_secret(name: str, strength: Strength, value: str, *, tight: bool) -> bool:
    """Tell whether `value`, standing beside `name`, is a secret.

    Args:
        name: The key as written; only `pwd` matters here, which is also a shell's directory.
        strength: What `key_kind` said of the name.
        value: At most the first 512 characters; longer ones are judged by their beginning.
        tight: True when the value was quoted or assigned with `=`, so that it cannot be prose.
    """
    if len(value) < 3 or _STOP_WORD.fullmatch(value.rstrip(".!:")) or _BLANK.fullmatch(value):
        return False
    if strength == "strong":
        return not (name[-3:].lower() == "pwd" and value[0] in "/~")
    if strength == "signature":
        return _SIGNATURE.fullmatch(value) is not None and sum(map(str.isdigit, value)) >= 2
    if strength == "vague":
        return looks_random(value)
    if len(value) < 4 or " " in value or names_something(value):
        return False
    return tight or (len(value) >= 6 and not _WORD.fullmatch(value)) or looks_random(value)


def looks_random(value: str) -> bool:
    """Tell whether `value` is a long mixed-case base64-like string without words in it.

    Needs 20 characters with upper case, lower case and digits, 3.5 bits of entropy a character,
    and less than 40 % of them in runs of four small letters, which CamelCase names exceed.
    """
    if not _RANDOM.fullmatch(value) or value.startswith(("/", ".", "sha")):
        return False
    if value.islower() or value.isupper() or not any(map(str.isdigit, value)):
        return False
    size = len(value)
    entropy = -sum(n / size * math.log2(n / size) for n in Counter(value).values())
    in_words = sum(map(len, _WORDS.findall(value)))
    return entropy >= 3.5 and in_words < size * 0.4


def is_word(value: str) -> bool:
    """Tell whether `value` is one plain word, as prose would have it."""
    return _WORD.fullmatch(value) is not None


def names_something(value: str) -> bool:
    """Tell paths, versions, positions and names (`default-token-x7k2p`, `payments/db`)."""
    if _PATH_OR_VERSION.fullmatch(value) or _RECORDING_RULE.fullmatch(value):
        return True
    parts = _NAME_PART.split(value)
    if len(parts) < 2 or value != value.lower():
        return False
    return all(part.isalnum() and len(part) <= 12 for part in parts) and any(
        part.isalpha() and len(part) >= 3 for part in parts
    )
