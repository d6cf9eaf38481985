"""The event log: loading, appending, recording at the head, and the incidents' alarms."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.errors import StaleThreadError
from bot.incident.events import Event, stamp
from bot.incident.fact import HOUSE, Fact
from bot.incident.reducer import State, extend
from bot.ports import Draft, Recorded, Refusal
from bot.store.chain import append_facts
from bot.store.db import Database
from bot.store.heads import Heads
from bot.store.projection import PREFIX, project, project_event, standing
from bot.store.recent import Recent
from bot.store.starting import check_starts
from bot.store.tables import EVENT, INCIDENT
from bot.store.tail import read_stream
from bot.store.threads import ThreadMemory
from bot.store.tx import Tx
from bot.store.writer import Writer

SLEEP = "UPDATE incident SET wake_at = ? WHERE id = ? AND seq = ?"
NEWEST = "SELECT max(number) FROM incident"


class EventLog:
    """The `Log` port over one table."""

    def __init__(
        self,
        database: Database,
        writer: Writer,
        heads: Heads,
        recent: Recent,
        actions_at_once: int,
    ) -> None:
        self._database = database
        self._writer = writer
        self._heads = heads
        self._recent = recent
        self._actions_at_once = actions_at_once
        self._threads = ThreadMemory(database, recent)

    async def state(self, stream: str) -> State:
        """Return the state at the head, which is shared; an empty one when there is no stream."""
        return await self._threads.state(stream)

    async def afresh(self, stream: str) -> State:
        """Return the state that the stored bytes add up to, whatever was read of them before."""
        return await self._threads.afresh(stream)

    async def load(self, stream: str, after: int = 0, limit: int | None = None) -> list[Event]:
        """Return the stream's events with seq > `after`, oldest first, at most `limit` of them."""
        return await self._database.ask(
            lambda connection: read_stream(connection, stream, after, limit, self._recent)
        )

    async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
        """Append what the loop intends, if `expect` is still the head.

        Raises:
            StaleThreadError: The head moved; nothing was written.
            BusyError: The queue is full or the database is away.
        """

        def work(tx: Tx) -> Recorded:
            seq, _ = self._heads.head(tx, stream)
            if seq != expect:
                raise StaleThreadError(f"{stream} moved on from event {expect} to {seq}")
            return self._write(tx, stream, draft.actor, draft.facts)

        return await self._writer.submit(work)

    async def record(self, stream: str, build: Callable[[State], Draft | Refusal]) -> Recorded:
        """Append at the head what `build` makes of the state there.

        `build` runs in the writer's thread, must be pure, and leaves the state as it is. The state
        of `house` is empty but for its seq: `bot.incident.house` folds that stream.

        Raises:
            BusyError: The queue is full or the database is away.
            NotFoundError: There is no such incident, and `build` opens none.
        """

        def work(tx: Tx) -> Recorded:
            made = build(self._heads.state(tx, stream))
            refusal = made if isinstance(made, Refusal) else None
            return self._write(tx, stream, made.actor, made.facts, refusal)

        return await self._writer.submit(work)

    async def open(self, make: Callable[[str], Draft]) -> Recorded:
        """Open an incident under a fresh id, which `make` is given (pure, in the writer's thread).

        Raises:
            BusyError: The queue is full or the database is away.
        """

        def work(tx: Tx) -> Recorded:
            incident = fresh_id(tx)
            draft = make(incident)
            return self._write(tx, incident, draft.actor, draft.facts)

        return await self._writer.submit(work)

    async def sleep(self, stream: str, expect: int, wake_at: datetime | None) -> bool:
        """Set the incident's alarm if `expect` is still the head; False when it moved."""
        alarm = None if wake_at is None else stamp(wake_at)
        return await self._writer.submit(
            lambda tx: tx.run(SLEEP, (alarm, stream, expect)).rowcount == 1
        )

    async def due(self, now: datetime, limit: int = 500) -> list[str]:
        """Return the ids of incidents whose `wake_at` ≤ `now`, earliest first."""
        alarm = INCIDENT.c.wake_at
        asked = select(INCIDENT.c.id).where(alarm <= stamp(now)).order_by(alarm).limit(limit)
        return await self._database.ask(lambda connection: list(connection.scalars(asked)))

    async def heads(self, stream: str = "") -> dict[str, tuple[int, str]]:
        """Return stream → (seq, hex hash) of every stream, or of this one if there is such."""
        return await self._database.ask(lambda connection: read_heads(connection, stream))

    async def changed(self) -> int:
        """Return the number of the newest event in the log as a whole; 0 when there is none."""
        newest = await self._database.ask(
            lambda connection: connection.scalar(select(func.max(EVENT.c.row)))
        )
        return newest or 0

    def _write(
        self,
        tx: Tx,
        stream: str,
        actor: str,
        facts: tuple[Fact, ...],
        refusal: Refusal | None = None,
    ) -> Recorded:
        if not facts:
            return Recorded((), self._heads.head(tx, stream)[0], refusal)
        state = self._heads.state(tx, stream)
        check_starts(tx, state, facts, self._actions_at_once)
        before = standing(state)
        events = append_facts(tx, self._heads, stream, actor, facts)
        if stream == HOUSE:
            for event in events:
                project_event(tx.connection, event)
        else:
            project(tx.connection, extend(state, events), before, events, tx.at)
        return Recorded(events, events[-1].seq, refusal)


def fresh_id(tx: Tx) -> str:
    """Return the id of the next incident; it is taken once the transaction commits."""
    row = tx.run(NEWEST).fetchone()
    return f"{PREFIX}{(row[0] if row and row[0] else 0) + 1}"


def read_heads(connection: Connection, stream: str = "") -> dict[str, tuple[int, str]]:
    """Return stream → (seq, hex hash) of every stream, or of this one if there is such."""
    newest = select(EVENT.c.stream, func.max(EVENT.c.seq).label("seq")).group_by(EVENT.c.stream)
    if stream:
        newest = newest.where(EVENT.c.stream == stream)
    last = newest.subquery()
    asked = select(EVENT.c.stream, EVENT.c.seq, EVENT.c.hash).join(
        last, (EVENT.c.stream == last.c.stream) & (EVENT.c.seq == last.c.seq)
    )
    return {stream: (seq, bytes(digest).hex()) for stream, seq, digest in connection.execute(asked)}
