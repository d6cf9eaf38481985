"""The event log: loading, appending, recording at the head, and the incidents' alarms."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from bot.errors import StaleThreadError
from bot.incident.events import Event, decode, stamp, unstamp
from bot.incident.fact import HOUSE, Fact
from bot.incident.reducer import State, extend
from bot.ports import Draft, Recorded, Refusal
from bot.store.chain import append_facts
from bot.store.db import Database
from bot.store.heads import Heads, stored_bytes
from bot.store.projection import PREFIX, project, project_event, standing
from bot.store.recent import Recent
from bot.store.tables import EVENT, INCIDENT
from bot.store.tx import Tx
from bot.store.writer import Writer

SLEEP = "UPDATE incident SET wake_at = ? WHERE id = ? AND seq = ?"
NEWEST = "SELECT max(number) FROM incident"
_ROW = EVENT.c
TAIL = (
    select(_ROW.seq, _ROW.type, _ROW.v, _ROW.at, _ROW.actor, _ROW.body)
    .where(_ROW.stream == bindparam("of"), _ROW.seq > bindparam("after"))
    .order_by(_ROW.seq)
)


class EventLog:
    """The `Log` port over one table."""

    def __init__(self, database: Database, writer: Writer, heads: Heads) -> None:
        self._database = database
        self._writer = writer
        self._heads = heads
        self._recent = Recent()

    async def load(self, stream: str, after: int = 0) -> list[Event]:
        """Return the stream's events with seq > `after`, oldest first; empty when none."""
        recent = self._recent
        return await self._database.ask(
            lambda connection: read_stream(connection, stream, after, recent)
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

    async def heads(self) -> dict[str, tuple[int, str]]:
        """Return stream → (seq, hex hash) of every stream."""
        return await self._database.ask(read_heads)

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
        before = standing(state)
        events = append_facts(tx, self._heads, stream, actor, facts)
        if stream == HOUSE:
            for event in events:
                project_event(tx.connection, event)
        else:
            project(tx.connection, extend(state, events), before, events)
        return Recorded(events, events[-1].seq, refusal)


def fresh_id(tx: Tx) -> str:
    """Return the id of the next incident; it is taken once the transaction commits."""
    row = tx.run(NEWEST).fetchone()
    return f"{PREFIX}{(row[0] if row and row[0] else 0) + 1}"


def read_stream(
    connection: Connection, stream: str, after: int = 0, recent: Recent | None = None
) -> list[Event]:
    """Return the stream's events with seq > `after`, oldest first; `recent` saves decoding."""
    read = decode if recent is None else recent.decode
    return [
        Event(stream, seq, unstamp(at), actor, read(kind, v, stored_bytes(body)))
        for seq, kind, v, at, actor, body in connection.execute(
            TAIL, {"of": stream, "after": after}
        )
    ]


def read_heads(connection: Connection) -> dict[str, tuple[int, str]]:
    """Return stream → (seq, hex hash) of every stream."""
    newest = select(EVENT.c.stream, func.max(EVENT.c.seq).label("seq")).group_by(EVENT.c.stream)
    last = newest.subquery()
    asked = select(EVENT.c.stream, EVENT.c.seq, EVENT.c.hash).join(
        last, (EVENT.c.stream == last.c.stream) & (EVENT.c.seq == last.c.seq)
    )
    return {stream: (seq, bytes(digest).hex()) for stream, seq, digest in connection.execute(asked)}
