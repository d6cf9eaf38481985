"""What lists and pages read from the derived tables; it never folds and never writes."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, case, select

from bot.incident.events import unstamp
from bot.incident.model import Similar
from bot.ports import Filter, IncidentRow, ProposalRow
from bot.store import search
from bot.store.db import Database
from bot.store.engines import Kind
from bot.store.projection import NUMBER_DIGITS, number_of
from bot.store.tables import INCIDENT, PROPOSAL

PAGE_MAX = 200
PREFIX_CHARS = 4
NUMBERS = 10**NUMBER_DIGITS
"""No incident's number is so high: a page without a cursor is the page before it."""
OPEN_STATUSES = ("pending", "approved", "executing", "unknown")


class IncidentQueries:
    """The `Incidents` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, where: Filter) -> list[IncidentRow]:
        """Return incidents, newest first, at most `where.limit` (≤ 200).

        `where.text` is an id, or words that must all occur in title, service or labels (the words
        of the first alerts), the end of each left open.
        """
        asked = _page(where, self._database.kind)
        return await self._database.ask(
            lambda connection: [_incident(row) for row in connection.execute(asked)]
        )

    async def proposals(self, status: str = "pending", limit: int = 100) -> list[ProposalRow]:
        """Return proposals in that status (all when empty), oldest first."""
        row = PROPOSAL.c
        asked = select(PROPOSAL).order_by(row.created_at, row.id).limit(limit)
        asked = asked.where(row.status == status if status else row.created_at > "")
        return await self._database.ask(
            lambda connection: [_proposal(found) for found in connection.execute(asked)]
        )

    async def decided(self, limit: int = 20) -> list[ProposalRow]:
        """Return proposals that do not wait for a decision (any more), newest first."""
        row = PROPOSAL.c
        asked = select(PROPOSAL).where(row.created_at > "", row.status != "pending")
        asked = asked.order_by(row.created_at.desc(), row.id.desc()).limit(limit)
        return await self._database.ask(
            lambda connection: [_proposal(found) for found in connection.execute(asked)]
        )

    async def find_proposal(self, prefix: str) -> list[ProposalRow]:
        """Return the proposals whose id begins with `prefix`, open ones first, then newest.

        Upper and lower case are the same; a prefix of less than 4 characters finds nothing.
        """
        begin = prefix.strip().upper()
        if len(begin) < PREFIX_CHARS or not begin.isalnum():
            return []
        row = PROPOSAL.c
        rank = case((row.status.in_(OPEN_STATUSES), 0), else_=1)
        asked = select(PROPOSAL).where(row.id >= begin, row.id < f"{begin}\U0010ffff")
        asked = asked.order_by(rank, row.created_at.desc(), row.id)
        return await self._database.ask(
            lambda connection: [_proposal(found) for found in connection.execute(asked)]
        )

    async def similar(
        self, title: str, service: str, exclude: str, limit: int = 3
    ) -> list[Similar]:
        """Return closed or resolved incidents that resemble this one, best first."""

        def question(connection: Connection) -> list[Similar]:
            hits = search.resembling(connection, title, service, exclude)[:limit]
            asked = select(INCIDENT).where(INCIDENT.c.id.in_([hit.incident for hit in hits]))
            rows = {row.id: row for row in connection.execute(asked)}
            return [_similar(rows[hit.incident]) for hit in hits]

        return await self._database.ask(question)


def _page(where: Filter, kind: Kind) -> Select[*tuple[Any, ...]]:
    row = INCIDENT.c
    order: ColumnElement[int] = row.number
    asked = select(INCIDENT)
    for column in ("status", "severity", "service"):
        if value := getattr(where, column):
            asked = asked.where(row[column] == value)
    asked = asked.where(row.number < (number_of(where.before) or NUMBERS))
    if number := number_of(where.text.strip().upper()):
        asked = asked.where(row.number == number)
    elif (found := search.matching(where.text, kind)) is not None:
        asked = asked.join(found.table, found.number == row.number).where(found.condition)
        order = found.number
    return asked.order_by(order.desc()).limit(max(1, min(where.limit, PAGE_MAX)))


def _incident(row: Row[*tuple[Any, ...]]) -> IncidentRow:
    return IncidentRow(
        id=row.id,
        seq=row.seq,
        title=row.title,
        status=row.status,
        severity=row.severity,
        service=row.service,
        opened_at=unstamp(row.opened_at),
        resolved_at=None if row.resolved_at is None else unstamp(row.resolved_at),
        pending=row.pending,
        alerts=row.alerts,
    )


def _proposal(row: Row[*tuple[Any, ...]]) -> ProposalRow:
    return ProposalRow(
        id=row.id,
        revision=row.revision,
        incident=row.incident,
        title=row.title,
        status=row.status,
        risk=row.risk,
        service=row.service,
        digest=row.digest,
        created_at=unstamp(row.created_at),
        expires_at=unstamp(row.expires_at),
    )


def _similar(row: Row[*tuple[Any, ...]]) -> Similar:
    return Similar(
        incident=row.id,
        title=row.title,
        at=unstamp(row.opened_at),
        conclusion=row.conclusion,
        action=row.action,
        outcome=row.outcome,
    )
