"""What keeping the store in order asks: old bodies that may go, and heads to be written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.incident.facts_house import ChainCheckpointed

BodyKind = Literal["delivery", "evidence"]


@dataclass(frozen=True, slots=True)
class Body:
    """One raw delivery or tool result whose bytes may be deleted."""

    kind: BodyKind
    id: str
    at: datetime
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Before:
    """Only what is older may go; None: nothing of that kind."""

    deliveries: datetime | None
    evidence: datetime | None


@dataclass(frozen=True, slots=True)
class BodyPage:
    """Bodies that may go, oldest first; `after` is where the next page begins, None at the end."""

    bodies: tuple[Body, ...]
    after: tuple[str, str] | None


class Bodies(Protocol):
    """The bytes beside the log: how many there are, which may go, and letting them go."""

    async def kept_bytes(self) -> int:
        """Return the bytes of every body that is still there."""
        ...

    async def page(self, before: Before, after: tuple[str, str] | None = None) -> BodyPage:
        """Return the next bodies that may go: none that belongs to an incident that is not over.

        A page may be empty and yet not be the last.
        """
        ...

    async def delete(self, bodies: Sequence[Body], before: Before, at: datetime) -> int:
        """Delete these bytes in one write and leave stubs; return how many went.

        Evidence that came up again since it was read stays.

        Raises:
            BusyError: The queue is full or the database is away; nothing went.
        """
        ...

    async def delete_spent(self, sessions: datetime, tokens: datetime, calls: datetime) -> int:
        """Delete sessions not seen, tokens spent, models called before these; return how many.

        Raises:
            BusyError: As `delete`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Moved:
    """Streams that moved since the newest checkpoint: stream → `seq:hash`.

    `through` and `events` are as in it. `previous` is its signature ("" without one), `house` the
    head of the stream it stands on.
    """

    heads: dict[str, str]
    through: int
    events: int = 0
    previous: str = ""
    house: int = 0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint as it stands on `house`; `fact` None when it cannot be read."""

    seq: int
    hash: str
    fact: ChainCheckpointed | None


class Checkpoints(Protocol):
    """What a checkpoint writes down."""

    async def moved(self) -> Moved:
        """Return what moved since the newest checkpoint; no heads when nothing did."""
        ...

    async def since(self, seq: int) -> list[Checkpoint]:
        """Return the checkpoints with a higher seq on `house`, oldest first."""
        ...

    async def newest(self) -> Checkpoint | None:
        """Return the newest checkpoint, or None before the first."""
        ...

    async def events(self) -> int:
        """Return how many events the log has."""
        ...

    async def hash_of(self, stream: str, seq: int) -> str:
        """Return the hex hash of an event; empty when there is none."""
        ...
