"""The event log as the core sees it: load, append, record, sleep, due."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.reducer import State


@dataclass(frozen=True, slots=True)
class Draft:
    """Facts to append, caused by `actor`."""

    actor: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """`build` says no: nothing but `facts` (refusals for the record) is written."""

    why: str
    facts: tuple[Fact, ...] = ()
    actor: str = ""
    kind: Literal["forbidden", "conflict", "missing", "input"] = "conflict"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one write left behind: the events written (maybe none) and the head after them."""

    events: tuple[Event, ...]
    seq: int
    refusal: Refusal | None = None


class Threads(Protocol):
    """What threads add up to, folded once for all who read them."""

    async def state(self, stream: str) -> State:
        """Return the state at the head; an empty one when there is no such stream.

        Others hold it too: whoever changes it breaks them. It stays as it is when the thread
        moves on.
        """
        ...

    async def afresh(self, stream: str) -> State:
        """Return the state that the stored bytes add up to, whatever was read of them before."""
        ...


class Log(Threads, Protocol):
    """The append-only event log; every write also updates the derived tables, in one commit.

    A write to an incident sets its `wake_at` to now, so a sweep drives it even if the process dies
    right after the commit.
    """

    async def load(self, stream: str, after: int = 0, limit: int | None = None) -> list[Event]:
        """Return the stream's events with seq > `after`, oldest first, at most `limit` of them."""
        ...

    async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
        """Append what the loop intends, if `expect` is still the head.

        Raises:
            StaleThreadError: The head moved; nothing was written.
            BusyError: The queue is full or the database is away.
        """
        ...

    async def record(self, stream: str, build: Callable[[State], Draft | Refusal]) -> Recorded:
        """Append at the head what `build` makes of the state there.

        `build` runs in the writer, must be pure, and leaves the state as it is. The state of
        `house` is empty but for its seq: `bot.incident.house` folds that stream.

        Raises:
            BusyError: As `append`.
            NotFoundError: There is no such incident, and `build` opens none.
        """
        ...

    async def sleep(self, stream: str, expect: int, wake_at: datetime | None) -> bool:
        """Set the incident's alarm if `expect` is still the head; False when it moved."""
        ...

    async def due(self, now: datetime, limit: int = 500) -> list[str]:
        """Return the ids of incidents whose `wake_at` ≤ `now`, earliest first."""
        ...

    async def heads(self, stream: str = "") -> dict[str, tuple[int, str]]:
        """Return stream → (seq, hex hash) of every stream, or of this one if there is such."""
        ...

    async def changed(self) -> int:
        """Return the number of the newest event in the log as a whole; 0 when there is none."""
        ...

    async def open(self, make: Callable[[str], Draft]) -> Recorded:
        """Give out the next incident id and append `make(id)` as its first facts, in one commit.

        Raises:
            BusyError: As `append`.
        """
        ...
