"""Which bodies go, and how gently: old ones by age, then the oldest until the rest fits."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.ports import Before, Bodies, Body, BodyKind, Clock
from bot.settings import Settings

WRITE_BYTES = 4 * 1024 * 1024
"""Bytes deleted in one write, at most (but one body): alerts that come meanwhile wait for it."""
SESSIONS = timedelta(days=7)
"""A session is over after one day at most (bot.web.session)."""
TOKENS = timedelta(days=400)
"""A used token is remembered longer than any process runs that would still take it."""
CALLS = timedelta(days=35)
"""The book of calls to models: longer than any budget looks back, and a month of costs."""


@dataclass(frozen=True, slots=True)
class KeepRules:
    """How long and how much is kept; 0 stands for no limit."""

    deliveries_days: int = 0
    evidence_days: int = 0
    max_bytes: int = 0

    @classmethod
    def of(cls, settings: Settings) -> "KeepRules":
        """Return what the settings say."""
        return cls(
            settings.keep_deliveries_days, settings.keep_evidence_days, settings.keep_max_bytes
        )

    def before(self, now: datetime) -> Before:
        """Return the times before which bodies are too old."""
        return Before(_earlier(now, self.deliveries_days), _earlier(now, self.evidence_days))


@dataclass(slots=True)
class Taken:
    """What went, or would go."""

    bodies: dict[BodyKind, int] = field(default_factory=dict[BodyKind, int])
    size_bytes: int = 0

    def add(self, body: Body) -> None:
        """Count one more."""
        self.bodies[body.kind] = self.bodies.get(body.kind, 0) + 1
        self.size_bytes += body.size_bytes

    def __bool__(self) -> bool:
        return bool(self.bodies)


class Retention:
    """Deletes what the rules no longer keep; never an event, never what is still open."""

    def __init__(self, bodies: Bodies, clock: Clock, rules: KeepRules) -> None:
        self._bodies = bodies
        self._clock = clock
        self._rules = rules

    async def sweep(self, stopping: asyncio.Event) -> Taken:
        """Delete in small writes until nothing is left to delete, or until `stopping`.

        Raises:
            BusyError: The database is away; what went before is gone.
        """
        now = self._clock.now()
        taken = Taken()
        await self._delete(self._rules.before(now), None, taken, stopping)
        if self._rules.max_bytes:
            excess = await self._bodies.kept_bytes() - self._rules.max_bytes
            await self._delete(Before(now, now), excess, taken, stopping)
        if not stopping.is_set():
            await self._bodies.delete_spent(now - SESSIONS, now - TOKENS, now - CALLS)
        return taken

    async def forecast(self) -> Taken:
        """Return what a sweep would delete now; deletes nothing.

        Raises:
            BusyError: The database is away.
        """
        now = self._clock.now()
        taken = Taken()
        aged: set[str] = set()
        async for page in _pages(self._bodies, self._rules.before(now)):
            for body in page:
                taken.add(body)
                aged.add(body.id)
        if self._rules.max_bytes:
            excess = await self._bodies.kept_bytes() - taken.size_bytes - self._rules.max_bytes
            async with aclosing(_pages(self._bodies, Before(now, now))) as pages:
                async for page in pages:
                    for body in page:
                        if excess > 0 and body.id not in aged:
                            taken.add(body)
                            excess -= body.size_bytes
                    if excess <= 0:
                        break
        return taken

    async def _delete(
        self, before: Before, excess: int | None, taken: Taken, stopping: asyncio.Event
    ) -> None:
        """Delete what is older than `before`; with `excess` only until so many bytes are gone."""
        if excess is not None and excess <= 0:
            return
        async with aclosing(_pages(self._bodies, before)) as pages:
            async for page in pages:
                for batch in _batches(page, excess):
                    if stopping.is_set():
                        return
                    await self._bodies.delete(batch, before, self._clock.now())
                    for body in batch:
                        taken.add(body)
                        excess = None if excess is None else excess - body.size_bytes
                if excess is not None and excess <= 0:
                    return


async def _pages(bodies: Bodies, before: Before) -> AsyncGenerator[Sequence[Body]]:
    page = await bodies.page(before)
    yield page.bodies
    while page.after is not None:
        page = await bodies.page(before, page.after)
        yield page.bodies


def _batches(page: Sequence[Body], excess: int | None) -> list[list[Body]]:
    """Cut a page into writes of at most WRITE_BYTES, and end it where the excess is gone."""
    batches: list[list[Body]] = []
    size = total = 0
    for body in page:
        if excess is not None and total >= excess:
            break
        if not batches or size + body.size_bytes > WRITE_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(body)
        size += body.size_bytes
        total += body.size_bytes
    return batches


def _earlier(now: datetime, days: int) -> datetime | None:
    return now - timedelta(days=days) if days else None
