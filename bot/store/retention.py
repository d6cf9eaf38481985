"""Old bodies: finding those that may go, and letting them go in small writes. Never an event.

The row stays with its digest and `deleted_at`, so a permalink always answers and a delivery that
is sent again is still known (D-03).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Row,
    Select,
    Table,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)

from bot.incident.events import stamp, unstamp
from bot.ports import Before, Body, BodyPage
from bot.store.db import Database
from bot.store.kept import DELIVERY, EVIDENCE, EVIDENCE_USE, MODEL_CALL, SESSION, TOKEN_SPENT
from bot.store.tables import INCIDENT
from bot.store.tx import Tx
from bot.store.writer import Writer

PAGE = 100
OVER = ("closed", "merged")
"""Of an incident in such a state nothing is needed any more; it never opens again."""
Cursor = tuple[str, str]
"""Time and id of the last body of a page."""


class BodyStore:
    """The `Bodies` port."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def kept_bytes(self) -> int:
        """Return the bytes of every body that is still there."""
        return await self._database.ask(kept_bytes)

    async def page(self, before: Before, after: Cursor | None = None) -> BodyPage:
        """Return the next bodies that may go: none that belongs to an incident that is not over.

        A page may be empty and yet not be the last.
        """
        return await self._database.ask(lambda connection: _page(connection, before, after))

    async def delete(self, bodies: Sequence[Body], before: Before, at: datetime) -> int:
        """Delete these bytes in one write and leave stubs; return how many went.

        Evidence that came up again since it was read stays.

        Raises:
            BusyError: The queue is full or the database is away; nothing went.
        """
        deliveries = [body.id for body in bodies if body.kind == "delivery"]
        evidence = [body.id for body in bodies if body.kind == "evidence"]
        gone = stamp(at)

        def work(tx: Tx) -> int:
            unused = sorted(set(evidence) - _used(tx.connection, evidence, before))
            row, shelf = DELIVERY.c, EVIDENCE.c
            raw = update(DELIVERY).where(row.id.in_(deliveries), row.deleted_at.is_(None))
            results = update(EVIDENCE).where(shelf.id.in_(unused), shelf.deleted_at.is_(None))
            uses = delete(EVIDENCE_USE).where(EVIDENCE_USE.c.evidence.in_(unused))
            went = tx.connection.execute(raw.values(raw=b"", headers="{}", deleted_at=gone))
            also = tx.connection.execute(results.values(body=b"", deleted_at=gone))
            tx.connection.execute(uses)
            return went.rowcount + also.rowcount

        return await self._writer.submit(work)

    async def delete_spent(self, sessions: datetime, tokens: datetime, calls: datetime) -> int:
        """Delete sessions not seen, tokens spent, models called before these; return how many.

        Raises:
            BusyError: As `delete`.
        """
        old = delete(SESSION).where(SESSION.c.seen_at < stamp(sessions))
        spent = delete(TOKEN_SPENT).where(TOKEN_SPENT.c.at < stamp(tokens))
        called = delete(MODEL_CALL).where(MODEL_CALL.c.at < stamp(calls))

        def work(tx: Tx) -> int:
            return sum(tx.connection.execute(gone).rowcount for gone in (old, spent, called))

        return await self._writer.submit(work)


def kept_bytes(connection: Connection) -> int:
    """Return the bytes of every body that is still there."""
    kinds = ((DELIVERY, DELIVERY.c.raw), (EVIDENCE, EVIDENCE.c.body))
    return sum(
        connection.scalar(
            select(func.coalesce(func.sum(func.length(body)), 0)).where(
                table.c.deleted_at.is_(None)
            )
        )
        or 0
        for table, body in kinds
    )


def _page(connection: Connection, before: Before, after: Cursor | None) -> BodyPage:
    delivery, evidence = DELIVERY.c, EVIDENCE.c
    both = union_all(
        _old(DELIVERY, delivery.received_at, delivery.raw, before.deliveries, after),
        _old(EVIDENCE, evidence.at, evidence.body, before.evidence, after),
    )
    asked = both.order_by("at", "id").limit(PAGE)
    rows = connection.execute(asked).all()
    raw = [row for row in rows if row.kind == DELIVERY.name]
    results = [row.id for row in rows if row.kind == EVIDENCE.name]
    over = _over(connection, (name for row in raw for name in row.of.split()))
    stays = {row.id for row in raw if not set(row.of.split()) <= over}
    stays |= _used(connection, results, before)
    last = (rows[-1].at, rows[-1].id) if len(rows) == PAGE else None
    return BodyPage(tuple(_body(row) for row in rows if row.id not in stays), last)


def _old(
    table: Table, at: Column[Any], body: Column[Any], before: datetime | None, after: Cursor | None
) -> Select[*tuple[Any, ...]]:
    """Select what is still there of one kind and older than `before`."""
    key = table.c.id
    of = table.c.incidents if table is DELIVERY else literal("")
    size = func.length(body).label("size")
    asked = select(literal(table.name).label("kind"), key, at.label("at"), size, of.label("of"))
    asked = asked.where(table.c.deleted_at.is_(None), at < (stamp(before) if before else ""))
    if after is None:
        return asked
    beyond = or_(at > after[0], and_(at == after[0], key > after[1]))
    return asked.where(at >= after[0], beyond)  # said twice, so that the index begins there


def _over(connection: Connection, incidents: Iterable[str]) -> set[str]:
    """Return those of the incidents that are over."""
    row = INCIDENT.c
    asked = select(row.id).where(row.id.in_(sorted(set(incidents))), row.status.in_(OVER))
    return set(connection.scalars(asked))


def _used(connection: Connection, evidence: Sequence[str], before: Before) -> set[str]:
    """Return what an incident that is not over was answered with, or any incident of late."""
    use, row = EVIDENCE_USE.c, INCIDENT.c
    late = use.at >= (stamp(before.evidence) if before.evidence else "")
    asked = select(use.evidence).distinct().outerjoin(INCIDENT, row.id == use.incident)
    asked = asked.where(use.evidence.in_(evidence))
    return set(
        connection.scalars(asked.where(or_(late, row.id.is_(None), row.status.not_in(OVER))))
    )


def _body(row: Row[*tuple[Any, ...]]) -> Body:
    return Body(row.kind, row.id, unstamp(row.at), row.size)
