"""The envelope that orders and chains facts, and the codec between bytes and facts."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from bot.incident import facts_action, facts_alerts, facts_house, facts_run
from bot.incident.fact import Fact
from bot.incident.model import Value

NOT_EVENTS = frozenset({"Learnings", "Digests", "Usage", "LeftOut", "Receipt", "Fact"})
GENESIS = bytes(32)
"""What the first event of a stream is chained to."""


def _registry() -> dict[str, type[Fact]]:
    return {
        name: value
        for module in (facts_alerts, facts_run, facts_action, facts_house)
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Fact) and name not in NOT_EVENTS
    }


EVENT_TYPES: dict[str, type[Fact]] = _registry()
"""Event type -> class; the name in the log is the class name."""


class Unknown(Value):
    """A fact this version cannot read (newer type or version, or damaged); the incident holds."""

    type: str
    v: int
    why: str


@dataclass(frozen=True, slots=True)
class Event:
    """One fact in its place: stream, 1-based seq, UTC time, and who caused it (`channel:id`)."""

    stream: str
    seq: int
    at: datetime
    actor: str
    body: Fact | Unknown

    @property
    def type(self) -> str:
        """The event's type as the log names it."""
        return self.body.type if isinstance(self.body, Unknown) else type(self.body).__name__


def encode(body: Fact) -> bytes:
    """Return the bytes that are stored and hashed: compact JSON in field order."""
    return body.__pydantic_serializer__.to_json(body)


def decode(kind: str, v: int, body: bytes) -> Fact | Unknown:
    """Return the fact in `body`, or `Unknown` when this version cannot read it. Never raises."""
    cls = EVENT_TYPES.get(kind)
    if cls is None:
        return Unknown(type=kind, v=v, why="this version does not know this event")
    if cls.v != v:
        return Unknown(type=kind, v=v, why=f"this version reads v{cls.v}")
    try:
        return cls.model_validate_json(body)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
        return Unknown(type=kind, v=v, why=f"its body cannot be read at {where or 'the top'}")


@dataclass(frozen=True, slots=True)
class ChainLink:
    """What the chain hash of one event covers, besides the hash before it."""

    stream: str
    seq: int
    type: str
    v: int
    at: str
    body: bytes
    actor: str = ""


def chain(prev: bytes, link: ChainLink) -> bytes:
    """Return the 32-byte hash of an event over the stored bytes.

    `sha256(prev ‖ stream ‖ seq ‖ type ‖ v ‖ at ‖ actor ‖ body)` (DESIGN 6), each part ended by a
    NUL, which none of them can contain before the body.
    """
    parts = (link.stream, str(link.seq), link.type, str(link.v), link.at, link.actor)
    return hashlib.sha256(prev + "\0".join(parts).encode() + b"\0" + link.body).digest()


def stamp(at: datetime) -> str:
    """Return `at` as the log stores it: ISO 8601 UTC with microseconds and a Z; sorts as text."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def unstamp(text: str) -> datetime:
    """Return the time that `stamp` wrote."""
    return datetime.fromisoformat(text)
