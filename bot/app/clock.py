"""The real clock and the real dice; tests bring their own."""

import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.ports import Clock

log = logging.getLogger(__name__)

POOL_BYTES = 1024
"""Random bytes are fetched in this amount: one system call serves many tokens."""
SMALL_STEP = timedelta(seconds=1)
"""A clock that is corrected by less is simply followed."""
HELD = timedelta(hours=4)
"""For so long a clock that was set back is not followed: no proposal stays open for longer."""


class SystemClock:
    """Implements ports.Clock on the machine's clock and the operating system's randomness."""

    def __init__(self) -> None:
        self._pool = b""
        os.register_at_fork(after_in_child=self._forget)

    def now(self) -> datetime:
        """Return the aware UTC time."""
        return machine_time()

    def token(self, size_bytes: int = 16) -> str:
        """Return `size_bytes` random bytes as hex; no byte is ever given out twice."""
        if len(self._pool) < size_bytes:
            self._pool = os.urandom(max(POOL_BYTES, size_bytes))
        given, self._pool = self._pool[:size_bytes], self._pool[size_bytes:]
        return given.hex()

    def _forget(self) -> None:
        """A forked process must not give out the same bytes as its parent."""
        self._pool = b""


def machine_time() -> datetime:
    """Return what the machine's clock says, aware and in UTC."""
    return datetime.now(UTC)


class SteadyClock(SystemClock):
    """The machine's clock for everything that expires: set back, its time goes on as it was.

    So no approval lives longer because somebody corrected the clock, and no alarm waits twice.
    Set forward, it follows at once.
    """

    def __init__(
        self,
        machine: Callable[[], datetime] = machine_time,
        elapsed_s: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._machine = machine
        self._elapsed_s = elapsed_s
        self._followed = (machine(), elapsed_s())
        self._said = False

    def now(self) -> datetime:
        """Return the machine's time, or what it would be had it not been set back."""
        machine, elapsed_s = self._machine(), self._elapsed_s()
        at, at_s = self._followed
        passed = timedelta(seconds=elapsed_s - at_s)
        step = at + passed - machine
        if step < SMALL_STEP or passed > HELD:
            self._followed, self._said = (machine, elapsed_s), False
            return machine
        if not self._said:
            self._said = True
            seconds = step.total_seconds()
            log.warning("the clock was set back by %d s; times go on as before", seconds)
        return at + passed


def machine_clock(clock: Clock) -> Clock:
    """Return the clock that others sign by: the machine's own, where `clock` keeps steady."""
    return SystemClock() if isinstance(clock, SteadyClock) else clock
