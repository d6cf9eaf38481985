"""Tenure: whether this process may still drive, as far as a process can know about itself.

Others take a process's incidents over once its heartbeat is older than the stall time. A process
that was stopped and goes on cannot have heard of it, so it asks a clock that ran on meanwhile.
"""

import time
from collections.abc import Callable
from datetime import datetime

from bot.errors import BusyError
from bot.incident.events import Event
from bot.incident.reducer import State
from bot.ports import Draft, Log, Recorded, Refusal

LOST = "this process was silent for too long; another one drives its incidents"


def elapsed() -> float:
    """Return seconds on a clock that runs on while the process, or the machine, is stopped."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Tenure:
    """Held while the last heartbeat that succeeded is younger than `lasts_s`."""

    def __init__(self, lasts_s: float, seconds: Callable[[], float] = elapsed) -> None:
        self._lasts_s = lasts_s
        self._seconds = seconds
        self._until = float("-inf")

    @property
    def held(self) -> bool:
        """True while nobody can have taken over."""
        return self._seconds() < self._until

    def now(self) -> float:
        """Return the time to hand to `renew`: read it before the heartbeat is sent."""
        return self._seconds()

    def renew(self, asked_at: float) -> None:
        """A heartbeat that was sent at `asked_at` reached the database."""
        self._until = max(self._until, asked_at + self._lasts_s)

    def lose(self) -> None:
        """It is over, whatever the clock says."""
        self._until = float("-inf")

    def closed(self) -> str:
        """Return why no action may start now; empty when one may."""
        return "" if self.held else LOST


class TenuredLog:
    """A `Log` for whoever drives: reads and writes nothing once the tenure is lost.

    The result of an action that was called is not written through it: that is a fact, whoever
    drives by now, and the log takes it only while the attempt is open.
    """

    def __init__(self, log: Log, tenure: Tenure) -> None:
        self._log = log
        self._tenure = tenure

    async def state(self, stream: str) -> State:
        """As `Log.state`.

        Raises:
            BusyError: The tenure is lost; so do all that read a thread, and all that write.
        """
        self._check()
        return await self._log.state(stream)

    async def afresh(self, stream: str) -> State:
        """As `Log.afresh`."""
        self._check()
        return await self._log.afresh(stream)

    async def load(self, stream: str, after: int = 0, limit: int | None = None) -> list[Event]:
        """As `Log.load`."""
        self._check()
        return await self._log.load(stream, after, limit)

    async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
        """As `Log.append`."""
        self._check()
        return await self._log.append(stream, expect, draft)

    async def record(self, stream: str, build: Callable[[State], Draft | Refusal]) -> Recorded:
        """As `Log.record`."""
        self._check()
        return await self._log.record(stream, build)

    async def open(self, make: Callable[[str], Draft]) -> Recorded:
        """As `Log.open`."""
        self._check()
        return await self._log.open(make)

    async def sleep(self, stream: str, expect: int, wake_at: datetime | None) -> bool:
        """As `Log.sleep`."""
        self._check()
        return await self._log.sleep(stream, expect, wake_at)

    async def due(self, now: datetime, limit: int = 500) -> list[str]:
        """As `Log.due`."""
        return await self._log.due(now, limit)

    async def heads(self, stream: str = "") -> dict[str, tuple[int, str]]:
        """As `Log.heads`."""
        return await self._log.heads(stream)

    async def changed(self) -> int:
        """As `Log.changed`."""
        return await self._log.changed()

    def _check(self) -> None:
        if not self._tenure.held:
            raise BusyError(LOST)
