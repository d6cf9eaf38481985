"""Parts of the log as it lies: pages of rows to hand out, their heads, and who was refused."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, select

from bot.incident.events import Event, decode, stamp, unstamp
from bot.incident.facts_action import DecisionRefused, ProposalSuperseded
from bot.incident.facts_house import AccessRefused
from bot.ports import Excerpt
from bot.store.db import Database
from bot.store.heads import stored_bytes
from bot.store.tables import EVENT

PAGE = 500
RECENT = 20_000
"""Events among which the newest refusals are looked for: no index knows them by type."""
REFUSALS = tuple(kind.__name__ for kind in (DecisionRefused, AccessRefused, ProposalSuperseded))

_ROW = EVENT.c


class StoredEvent(NamedTuple):
    """One event as it is stored and hashed; `row` is its number in the log as a whole."""

    row: int
    stream: str
    seq: int
    type: str
    v: int
    at: str
    actor: str
    body: bytes
    prev: bytes
    hash: bytes


class Excerpts:
    """Reads parts of the log; changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, excerpt: Excerpt) -> int:
        """Return the number (in the log as a whole) of its newest event; 0 when it has none."""
        asked = _of(select(func.max(_ROW.row)), excerpt)
        return await self._database.ask(lambda connection: connection.scalar(asked) or 0)

    async def heads(self, excerpt: Excerpt, through: int) -> dict[str, tuple[int, str]]:
        """Return stream → (seq, hex hash) of the last event of each stream of the excerpt."""
        return await self._database.ask(lambda c: _heads(c, excerpt, through))

    async def page(self, excerpt: Excerpt, after: int, through: int) -> list[StoredEvent]:
        """Return the events numbered from `after` (not it) to `through`, oldest first; a page."""
        return await self._database.ask(lambda c: _page(c, excerpt, after, through))

    async def refusals(self, limit: int) -> list[Event]:
        """Return the newest refused attempts and security events, newest first.

        Only the newest 20,000 events are looked at.
        """
        return (await self._database.ask(_refusals))[:limit]


def _of(asked: Select[*tuple[Any, ...]], excerpt: Excerpt) -> Select[*tuple[Any, ...]]:
    if excerpt.incident:
        asked = asked.where(_ROW.stream == excerpt.incident)
    return asked if excerpt.since is None else asked.where(_ROW.at >= stamp(excerpt.since))


def _page(connection: Connection, excerpt: Excerpt, after: int, through: int) -> list[StoredEvent]:
    asked = select(EVENT).where(_ROW.row > after, _ROW.row <= through).order_by(_ROW.row)
    return [_stored(row) for row in connection.execute(_of(asked, excerpt).limit(PAGE))]


def _stored(row: Row[*tuple[Any, ...]]) -> StoredEvent:
    """Return a row; every column may hold anything, for somebody may have put it in."""
    return StoredEvent(
        row.row, str(row.stream), row.seq, str(row.type), row.v, str(row.at), str(row.actor),
        stored_bytes(row.body), stored_bytes(row.prev), stored_bytes(row.hash),
    )  # fmt: skip


def _heads(connection: Connection, excerpt: Excerpt, through: int) -> dict[str, tuple[int, str]]:
    last = select(_ROW.stream, func.max(_ROW.seq).label("seq")).where(_ROW.row <= through)
    newest = _of(last, excerpt).group_by(_ROW.stream).subquery()
    asked = select(_ROW.stream, _ROW.seq, _ROW.hash).join(
        newest, (_ROW.stream == newest.c.stream) & (_ROW.seq == newest.c.seq)
    )
    rows = connection.execute(asked)
    return {str(stream): (seq, stored_bytes(digest).hex()) for stream, seq, digest in rows}


def _refusals(connection: Connection) -> list[Event]:
    newest = connection.scalar(select(func.max(_ROW.row))) or 0
    asked = select(EVENT).where(_ROW.row > newest - RECENT, _ROW.type.in_(REFUSALS))
    found: list[Event] = []
    for row in connection.execute(asked.order_by(_ROW.row.desc())):
        fact = decode(str(row.type), row.v, stored_bytes(row.body))
        if not isinstance(fact, ProposalSuperseded) or fact.security:
            found.append(Event(row.stream, row.seq, unstamp(row.at), row.actor, fact))
    return found
