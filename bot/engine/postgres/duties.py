"""Duties: work that one process does at a time, whoever holds its lock in the database.

The locks belong to the session of one connection of their own. Whoever dies, or is silent for
`SILENT_S`, loses the session and with it every duty; the next process to ask takes them over.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from psycopg import AsyncConnection, Error
from psycopg.conninfo import make_conninfo

from bot.engine.duty import Duty
from bot.engine.postgres.reach import REACH

log = logging.getLogger(__name__)
LOOK_S = 1.0
SILENT_S = 8
ANSWER_S = 5.0
CONNECT = {
    **REACH,
    "application_name": "triagebot duties",
    "options": f"-c idle_session_timeout={SILENT_S}s",
}
LOCKS = 7_274_003
TAKE = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"


class Duties:
    """Asks for every duty again and again, and does those that nobody else does."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = make_conninfo(conninfo, **CONNECT)
        self._held: dict[str, asyncio.Task[None]] = {}

    @property
    def held(self) -> frozenset[str]:
        """The duties of this process now."""
        return frozenset(self._held)

    async def run(self, duties: Mapping[str, Duty], stopping: asyncio.Event) -> None:
        """Do what falls to this process until stopping; then hand everything on."""
        while not stopping.is_set():
            try:
                connecting = AsyncConnection.connect(self._conninfo, autocommit=True)
                async with await connecting as connection:
                    await self._serve(connection, duties, stopping)
            except (Error, TimeoutError) as error:
                log.warning("the duties of this process rest: %s", error or "no answer")
            await _rest(stopping)

    async def _serve(
        self, connection: AsyncConnection[Any], duties: Mapping[str, Duty], stopping: asyncio.Event
    ) -> None:
        over = asyncio.Event()
        mine: set[str] = set()
        try:
            while not stopping.is_set():
                async with asyncio.timeout(ANSWER_S):
                    await connection.execute("SELECT 1")
                    for name in duties.keys() - mine:
                        if await _take(connection, name):
                            mine.add(name)
                            log.info("this process takes over: %s", name)
                for name in mine:
                    self._begin(name, duties[name], over)
                await _rest(stopping)
        finally:
            over.set()
            await asyncio.gather(*self._held.values(), return_exceptions=True)
            self._held.clear()

    def _begin(self, name: str, work: Duty, over: asyncio.Event) -> None:
        """Begin a duty, or begin it again when it failed."""
        task = self._held.get(name)
        if task is not None and task.done():
            failure = None if task.cancelled() else task.exception()
            log.error("the duty %s ended; it begins again", name, exc_info=failure)
        if task is None or task.done():
            self._held[name] = asyncio.create_task(_work(work, over), name=name)


async def _work(work: Duty, over: asyncio.Event) -> None:
    await work(over)


async def _take(connection: AsyncConnection[Any], name: str) -> bool:
    row = await (await connection.execute(TAKE, (LOCKS, name))).fetchone()
    return row is not None and bool(row[0])


async def _rest(stopping: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), LOOK_S)
