"""The store: every port of storage over one database, opened and closed together."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from bot.ports import Clock
from bot.store.audit import Break, verify_chains
from bot.store.changes import ChangeStore
from bot.store.db import Database, open_database
from bot.store.deliveries import DeliveryStore
from bot.store.evidence import EvidenceShelf
from bot.store.heads import Heads
from bot.store.log import EventLog
from bot.store.posts import PostStore
from bot.store.queries import IncidentQueries
from bot.store.rebuild import rebuild_tables
from bot.store.sessions import SessionStore
from bot.store.writer import Writer


@dataclass(frozen=True, slots=True)
class StoreLimits:
    """`queue_max` writes may wait; a group silent for `group_window_s` opens a new incident."""

    queue_max: int = 2000
    group_window_s: float = 14400.0


class Store:
    """The ports over one open database; made by `Store.open`."""

    def __init__(
        self, database: Database, writer: Writer, heads: Heads, limits: StoreLimits
    ) -> None:
        window = timedelta(seconds=limits.group_window_s)
        self.database = database
        self.writer = writer
        self.log = EventLog(database, writer, heads)
        self.deliveries = DeliveryStore(database, writer, heads, window)
        self.changes = ChangeStore(database)
        self.incidents = IncidentQueries(database)
        self.evidence = EvidenceShelf(database, writer)
        self.posts = PostStore(database, writer)
        self.sessions = SessionStore(database, writer)

    def listen(self, committed: Callable[[frozenset[str]], None]) -> None:
        """Call `committed` in the event loop after each commit that wrote to a stream.

        It is given the streams that somebody must look at now; none, when alerts only joined. It
        must be quick and must not raise.
        """
        self.writer.listen(committed)

    async def rebuild(self) -> int:
        """Make every derived table anew from the log; return how many streams it has.

        Raises:
            BusyError: The queue is full or the database is away; nothing changed.
        """
        return await self.writer.submit(rebuild_tables)

    async def verify(self) -> list[Break]:
        """Return the first break of each stream whose chain is broken; empty when all is well."""
        return await self.database.ask(verify_chains)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, clock: Clock, limits: StoreLimits | None = None, *, read_only: bool = False
    ) -> AsyncGenerator["Store"]:
        """Open the database `url` names, made or upgraded when needed; close it at the end.

        With `read_only` it works beside a running bot, and writes raise ConfigError.

        Raises:
            ConfigError: The database will not do, or another bot owns it; says what to mend.
        """
        limits = limits or StoreLimits()
        database = await asyncio.to_thread(open_database, url, read_only=read_only)
        heads = Heads()
        try:
            writer = Writer(database.write, clock, heads, limits.queue_max)
            try:
                yield cls(database, writer, heads, limits)
            finally:
                await writer.stop()
        finally:
            await asyncio.to_thread(database.close)
