"""What proves to a remote system who we are, and the words that must never be seen again."""

import base64
from dataclasses import dataclass, field

from pydantic import JsonValue

MASK = "[secret]"
SECRET_MIN_CHARS = 6
"""Shorter secrets are not searched for in answers: they would hide half of any text."""


@dataclass(frozen=True, slots=True)
class Credential:
    """The `Authorization` header ("" for none) and the `name` of the variable it came from."""

    header: str = field(default="", repr=False)
    name: str = ""
    words: tuple[str, ...] = field(default=(), repr=False)

    def scrub(self, text: str) -> str:
        """Return text without the secret: an answer may repeat what we sent."""
        for word in self.words:
            if len(word) >= SECRET_MIN_CHARS:
                text = text.replace(word, MASK)
        return text

    def plain(self, value: JsonValue) -> JsonValue:
        """Return JSON that can be stored: no secret, no NUL, no lone surrogate, no infinity."""
        match value:
            case str():
                clean = value.replace("\0", "").encode("utf-8", "replace").decode()
                return self.scrub(clean)
            case float():
                return value if abs(value) < float("inf") else None
            case list():
                return [self.plain(item) for item in value]
            case dict():
                return {str(self.plain(name)): self.plain(item) for name, item in value.items()}
            case _:
                return value


def bearer(token: str, name: str) -> Credential:
    """Return the credential of a token; without a token, none."""
    if not token:
        return Credential(name=name)
    return Credential(f"Bearer {token}", name, (token,))


def basic(pair: str, name: str) -> Credential:
    """Return the credential of `user:password`."""
    encoded = base64.b64encode(pair.encode()).decode()
    return Credential(f"Basic {encoded}", name, (encoded, pair, pair.partition(":")[2]))
