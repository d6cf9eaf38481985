"""The store: every port of storage over one database, opened and closed together."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from bot.ports import Clock
from bot.store.audit import WHOLE, Break, Part, verify_chains, verify_newest
from bot.store.changes import ChangeStore
from bot.store.checkpoints import CheckpointStore
from bot.store.db import Database, open_database
from bot.store.deliveries import DeliveryStore
from bot.store.evidence import EvidenceShelf
from bot.store.excerpt import Excerpts
from bot.store.heads import Heads
from bot.store.hearings import HearingStore
from bot.store.log import EventLog
from bot.store.model_calls import ModelCallStore
from bot.store.posts import PostStore
from bot.store.pulse import PulseReader
from bot.store.queries import IncidentQueries
from bot.store.rebuild import rebuild_tables
from bot.store.recent import Recent
from bot.store.retention import BodyStore
from bot.store.scores import ScoreReader
from bot.store.sessions import SessionStore
from bot.store.stepups import StepUpStore
from bot.store.turns import Alone, Turns
from bot.store.tx import Tx
from bot.store.writer import Join, Writer

NOTE = "INSERT INTO person_link (actor, person) VALUES ('', '')"
UNNOTE = "DELETE FROM person_link WHERE actor = ''"


@dataclass(frozen=True, slots=True)
class StoreLimits:
    """`queue_max` writes may wait; a group silent for `group_window_s` opens a new incident.

    `actions_at_once` run at once, whichever processes run them (E-34).
    """

    queue_max: int = 2000
    group_window_s: float = 14400.0
    actions_at_once: int = 4


class Store:
    """The ports over one open database; made by `Store.open`."""

    def __init__(
        self,
        database: Database,
        writer: Writer,
        heads: Heads,
        recent: Recent,
        limits: StoreLimits,
    ) -> None:
        window = timedelta(seconds=limits.group_window_s)
        self.database = database
        self.writer = writer
        self.log = EventLog(database, writer, heads, recent, limits.actions_at_once)
        self.deliveries = DeliveryStore(database, writer, heads, window)
        self.changes = ChangeStore(database)
        self.incidents = IncidentQueries(database)
        self.evidence = EvidenceShelf(database, writer)
        self.hearings = HearingStore(database, writer)
        self.model_calls = ModelCallStore(database, writer)
        self.posts = PostStore(database, writer)
        self.pulse = PulseReader(database)
        self.scores = ScoreReader(database)
        self.sessions = SessionStore(database, writer)
        self.step_ups = StepUpStore(database, writer)
        self.bodies = BodyStore(database, writer)
        self.checkpoints = CheckpointStore(database)
        self.excerpts = Excerpts(database)

    def enlist(self, join: Join) -> None:
        """Call `join` in the writer's thread, as the last of each transaction that wakes streams.

        It is given the transaction and the streams; what it writes is committed with them, and
        what it raises fails them all.
        """
        self.writer.enlist(join)

    def listen(self, committed: Callable[[frozenset[str]], None]) -> None:
        """Call `committed` in the event loop after each commit that wrote to a stream.

        Also after those of other processes, where there may be some (bot.store.neighbours). It is
        given the streams that somebody must look at now; none, when alerts only joined. It must
        be quick and must not raise.
        """
        self.writer.listen(committed)

    async def probe(self) -> None:
        """Write a row and take it away again: only that shows whether the disk takes anything.

        Raises:
            BusyError: It does not, and why; or the queue is full.
        """
        await self.writer.submit(_probe)

    async def rebuild(self) -> int:
        """Make every derived table anew from the log; return how many streams it has.

        Raises:
            BusyError: The queue is full or the database is away; nothing changed.
        """
        return await self.writer.submit(rebuild_tables)

    async def verify(
        self, outside: Sequence[Mapping[str, str]] = (), part: Part = WHOLE
    ) -> list[Break]:
        """Return the first break of each stream whose chain is broken; empty when all is well.

        `outside` is what a file beside the database saw.
        """
        return await self.database.ask(lambda connection: verify_chains(connection, outside, part))

    async def verify_newest(self, most: int) -> tuple[int, list[Break]]:
        """Verify what came since the newest checkpoint, at most so many events.

        Return how many were looked at, and the first break of each stream.
        """
        return await self.database.ask(lambda connection: verify_newest(connection, most))

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
        recent = Recent()
        heads = Heads(recent)
        try:
            turns = Turns() if database.kind == "postgresql" else Alone()
            writer = Writer(database.write, clock, heads, limits.queue_max, turns)
            try:
                async with _hearing(database, turns, writer):
                    yield cls(database, writer, heads, recent, limits)
            finally:
                await writer.stop()
        finally:
            await asyncio.to_thread(database.close)


@asynccontextmanager
async def _hearing(database: Database, turns: Alone, writer: Writer) -> AsyncGenerator[None]:
    """Tell the listeners what other processes commit, where there may be some."""
    if database.engines.listen is None:
        yield
        return
    from bot.store.neighbours import Neighbours  # its driver loads only where it is used

    loop = asyncio.get_running_loop()

    def tell(woken: frozenset[str]) -> None:
        loop.call_soon_threadsafe(writer.call_listeners, woken)

    neighbours = Neighbours(database.engines.listen, lambda: turns.name, tell)
    try:
        yield
    finally:
        await asyncio.to_thread(neighbours.close)


def _probe(tx: Tx) -> None:
    tx.run(NOTE)
    tx.run(UNNOTE)
