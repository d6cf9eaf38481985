"""Refused attempts to come in: all are counted, and few enough are kept as facts."""

from datetime import datetime, timedelta

from bot.incident.fact import HOUSE
from bot.incident.facts_house import AccessRefused
from bot.ports import Clock, Draft, Log
from bot.telemetry import auth_failures

REFUSAL_EVERY = timedelta(seconds=10)
"""One AccessRefused of a surface in this time, so that guessing cannot fill the log."""


class Refusals:
    """One surface's refused attempts; `surface` is how metrics and facts name it."""

    def __init__(self, log: Log, clock: Clock, surface: str) -> None:
        self._log = log
        self._clock = clock
        self._surface = surface
        self._kept_at: datetime | None = None

    async def note(self, reason: str, why: str, actor: str) -> None:
        """Count the attempt, and keep it as a fact unless one was kept just now.

        Raises:
            BusyError: The queue is full or the database is away.
        """
        auth_failures.labels(self._surface, reason).inc()
        now = self._clock.now()
        if self._kept_at is not None and now - self._kept_at < REFUSAL_EVERY:
            return
        self._kept_at = now
        fact = AccessRefused(actor=actor, why=why[:400])
        await self._log.record(HOUSE, lambda _: Draft(actor, (fact,)))
