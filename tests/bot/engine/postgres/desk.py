"""Dispatchers on one database, a loop that does what a test says, and a look at the jobs."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg

from bot.engine.postgres.dispatcher import Driver, Places, PostgresDispatcher
from bot.engine.tenure import Tenure
from bot.store.store import Store
from bot.store.tx import Tx
from tests.fakes import FakeClock
from tests.waiting import WITHIN_S

INVESTIGATIONS_AT_ONCE = 16


class Job(NamedTuple):
    queue: str
    lock: str
    status: str
    priority: int


async def never_long(incident: str) -> bool:
    return False


async def by_name(incident: str) -> str:
    return incident


@dataclass
class Loop:
    """What stands for `Drive`; it notes what it was asked for."""

    turn: Callable[[str], Awaitable[bool]] = never_long
    entire: Callable[[str], Awaitable[object]] = never_long
    service: Callable[[str], Awaitable[str]] = by_name
    turns: list[str] = field(default_factory=list[str])
    investigations: list[str] = field(default_factory=list[str])

    async def take_turn(self, incident: str) -> bool:
        self.turns.append(incident)
        return await self.turn(incident)

    async def investigate(self, incident: str) -> None:
        self.investigations.append(incident)
        await self.entire(incident)


class Desk:
    """One store, and any number of dispatchers that share its database."""

    def __init__(self, conninfo: str, store: Store, clock: FakeClock) -> None:
        self.conninfo = conninfo
        self.store = store
        self.clock = clock
        self._running: list[tuple[PostgresDispatcher, asyncio.Task[None]]] = []

    def dispatcher(
        self, loop: Loop, slots: int = 4, tenure: Tenure | None = None
    ) -> PostgresDispatcher:
        """Return a dispatcher that does not run yet."""
        driver = Driver(loop.take_turn, loop.investigate, loop.service)
        room = Places(INVESTIGATIONS_AT_ONCE, slots)
        lasting = tenure or Tenure(8.0)
        return PostgresDispatcher(self.conninfo, self.clock, lasting, driver, room)

    def start(self, loop: Loop, slots: int = 4, tenure: Tenure | None = None) -> PostgresDispatcher:
        """Start a dispatcher; what this process commits becomes jobs from now on."""
        made = self.dispatcher(loop, slots, tenure)
        if not self._running:
            self.enlist(made)
        self._running.append((made, asyncio.create_task(made.run())))
        return made

    def enlist(self, dispatcher: PostgresDispatcher) -> None:
        """Let commits of the store defer jobs."""

        def join(tx: Tx, woken: frozenset[str]) -> None:
            connection = tx.connection.connection.driver_connection
            assert connection is not None
            dispatcher.enlist(connection, woken)

        self.store.enlist(join)

    async def close(self) -> None:
        """Stop what was started."""
        for made, _ in self._running:
            await made.stop(WITHIN_S)
        for _, task in self._running:
            await task

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a statement, committed."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(sql.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def jobs(self) -> list[Job]:
        """Return the jobs there are, in the order in which they would be taken."""
        rows = self.ask(
            "SELECT queue_name, lock, status::text, priority FROM procrastinate_jobs "
            "ORDER BY priority DESC, id"
        )
        return [Job(*row) for row in rows]
