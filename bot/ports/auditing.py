"""The log as audit log: how its chains stand, who was refused, and handing it out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.incident.events import Event


@dataclass(frozen=True, slots=True)
class Verified:
    """What a look at the newest `events` found; `faults` one line each, none when all is sound."""

    at: datetime
    events: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """The newest checkpoint: its event on `house`, the key it names, and what is wrong with it."""

    seq: int
    hash: str
    at: datetime | None
    events: int
    key: str
    fault: str


@dataclass(frozen=True, slots=True)
class ChainStanding:
    """How the chains stand.

    `key` is the id of this bot's key; `newest` None before the first checkpoint; `verified` None
    where this process did not look. `place` is the file of the second place ("" without one),
    `place_fault` why it is not written.
    """

    events: int
    key: str
    newest: Sealed | None
    verified: Verified | None
    place: str
    place_fault: str


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Which events are handed out: of one incident ("" for every stream), none before `since`."""

    incident: str = ""
    since: datetime | None = None


class Auditor(Protocol):
    """What somebody who checks the bot is told."""

    async def standing(self) -> ChainStanding:
        """Return how the chains stand.

        Raises:
            BusyError: The database is away.
        """
        ...

    async def refusals(self, limit: int = 50) -> list[Event]:
        """Return the newest refused attempts and security events, newest first."""
        ...

    async def export(self, by: str, excerpt: Excerpt) -> AsyncIterator[bytes]:
        """Record that the log is handed out to `by`, then return it in pieces.

        Raises:
            BusyError: It could not be recorded, so nothing is handed out.
            NotFoundError: There is no such incident.
        """
        ...
