"""One siege: a crew under load from outside, and what can be awaited of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from bot.app.clock import SystemClock
from bot.store.store import Store
from tests.siege.crew import Crew
from tests.siege.harbour import Harbour
from tests.siege.people import Approver, Postman
from tests.siege.reckoning import Left

LOOK_S = 0.1
SETTLED_S = 100.0
"""Ceiling for the end, besides what the load itself takes."""
OVER = {"succeeded", "failed", "unknown", "rolled_back", "denied", "superseded"}
COUNT = "SELECT status, count(*) FROM proposal GROUP BY status"
VERIFIED = "SELECT count(*) FROM event WHERE type IN ('ActionVerified', 'ActionRegressed')"


@dataclass
class Siege:
    """A crew, its home, what it works on, and who is outside; `found` is what was left in the end.

    `outside` are the tasks of those outside.
    """

    crew: Crew
    harbour: Harbour
    database: str
    postman: Postman
    approver: Approver
    count: int
    outside: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    found: Left | None = None

    def begin(self, *names: str) -> None:
        """Start these parts, or all, and let people come; parcels wait until they are released."""
        self.crew.start(*names)
        self.outside = [asyncio.create_task(one.run()) for one in (self.postman, self.approver)]

    async def leave(self) -> None:
        """Send those outside home."""
        for task in self.outside:
            task.cancel()
        await asyncio.gather(*self.outside, return_exceptions=True)

    @property
    def statuses(self) -> set[int]:
        """Every HTTP status, besides success, that somebody outside was answered with."""
        return {*self.postman.refused, *self.approver.refused}

    def whole(self) -> None:
        """Fail when a part has ended by itself, or somebody outside gave up."""
        self.crew.processes()
        for task in self.outside:
            if task.done():
                task.result()

    async def ready(self) -> None:
        """Wait until the doors say that they take work."""
        await until(self.approver.is_ready, "the doors are not ready")

    async def calls(self, more: int, within_s: float) -> bool:
        """Wait for so many more calls of the action; tell whether they came in time."""
        wanted, late = self.harbour.calls + more, time.monotonic() + within_s
        while self.harbour.calls < wanted and time.monotonic() < late:  # noqa: ASYNC110 - a file
            await asyncio.sleep(0.005)
        return self.harbour.calls >= wanted

    async def has_status(self, service: str, status: str) -> None:
        """Wait until the proposal about this service stands so."""

        async def stands() -> bool:
            self.whole()
            listed = await self.approver.listed(status)
            return service in {one.service for one in listed}

        await until(stands, f"{service} does not become {status}")

    async def settled(self) -> None:
        """Wait until every parcel's proposal has an outcome, and what was done was verified."""

        def look(connection: Connection) -> tuple[dict[str, int], int]:
            found = {str(status): int(n) for status, n in connection.execute(text(COUNT))}
            return found, int(connection.execute(text(VERIFIED)).scalar_one())

        async with Store.open(self.database, SystemClock(), read_only=True) as store:

            async def is_over() -> bool:
                self.whole()
                statuses, verified = await store.database.ask(look)
                over = sum(number for status, number in statuses.items() if status in OVER)
                done = over == sum(statuses.values()) == self.count
                return done and verified >= statuses.get("succeeded", 0)

            await until(is_over, "not everything has an outcome", SETTLED_S + self.count / 5)


async def until(
    happened: Callable[[], Awaitable[object]], why: str, within_s: float = SETTLED_S
) -> None:
    """Wait until it happened; fail with `why` when it takes too long."""
    late = time.monotonic() + within_s
    while not await happened():
        assert time.monotonic() < late, why
        await asyncio.sleep(LOOK_S)
