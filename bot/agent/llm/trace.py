"""What one request to a model sent and got, byte for byte; never a header, never a credential."""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from pydantic import JsonValue

from bot.incident.storable import encodable, storable

MASK = "[secret]"
UNREADABLE_CHARS = 4000
"""Of an answer that is no JSON, so much is kept."""
REPLY_BYTES = 256 * 1024
"""More is no answer to anything we ask, and would only be looked through for secrets."""
SHORTEST_SECRET = 6
"""A shorter word is not looked for: it would hide half of any text."""


@dataclass(slots=True)
class Trace:
    """One request as it went over the wire. `fault` is why we broke it off ourselves, "" if not."""

    address: str = ""
    sent: bytes = b""
    status: int | None = None
    came: bytes = b""
    fault: str = ""

    def request(self, words: Sequence[str]) -> JsonValue:
        """Return the body that was sent, None when nothing was; `words` are secrets."""
        return _value(self.sent, words)

    def reply(self, words: Sequence[str]) -> JsonValue:
        """Return the body that came, None when none did; of a huge one only the beginning."""
        is_huge = len(self.came) > REPLY_BYTES
        return _value(self.came[:UNREADABLE_CHARS] if is_huge else self.came, words)


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


@contextmanager
def noting() -> Generator[Trace]:
    """Yield the trace of the requests made inside; a thread started inside writes to it too."""
    trace = Trace()
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)


def current() -> Trace:
    """Return the trace to write to; one that nobody reads when nobody is noting."""
    return _current.get() or Trace()


def without(text: str, words: Sequence[str]) -> str:
    """Return text without secrets, for an answer may repeat what we sent, and storable."""
    for word in words:
        if len(word) >= SHORTEST_SECRET:
            text = text.replace(word, MASK)
    return encodable(text)


def _value(body: bytes, words: Sequence[str]) -> JsonValue:
    if not body:
        return None
    text = without(body.decode("utf-8", "replace"), words)
    try:
        return storable(json.loads(text, parse_constant=lambda _: None))
    except (ValueError, RecursionError):
        return encodable(text[:UNREADABLE_CHARS])
