"""What the bot asks about itself: who was heard last, and how much waits for how long."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


class Hearings(Protocol):
    """When each door was last heard; one row a door, however often it speaks."""

    async def note(self, source: str, route: str, at: datetime) -> None:
        """Remember that a door was heard; an older time changes nothing.

        Raises:
            BusyError: The queue is full or the database is away.
        """
        ...

    async def last(self) -> dict[tuple[str, str], datetime]:
        """Return (source, route) → when it was last heard."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait, and since when the oldest does; None when none does."""

    count: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the bot does, as the derived tables tell.

    `due_since` is the alarm of the incident that is overdue most, None when none is. `proposals`
    maps each open status to those in it, `failing` a channel to its conversations that are being
    tried again.
    """

    due_since: datetime | None = None
    proposals: Mapping[str, Waiting] = field(default_factory=dict[str, Waiting])
    failing: Mapping[str, int] = field(default_factory=dict[str, int])


class Pulses(Protocol):
    """The one look at the tables that tells how the bot does."""

    async def feel(self, channels: tuple[str, ...], now: datetime) -> Pulse:
        """Return how it does now; only `channels` are looked at for failures.

        Raises:
            BusyError: The database is away.
        """
        ...
