"""What the database holds, table by table; it reads every row, so it is for a human who asks."""

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Integer, Table, func, literal, select, text

from bot.store.stored import Stored
from bot.store.tables import EVENT

TIMES = ("at", "received_at", "opened_at", "created_at")
"""Columns that tell when a row came to be; the first that a table has counts."""
SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}


@dataclass(frozen=True, slots=True)
class TableHeld:
    """One table: rows, bytes of text and bodies in them, and its times ("" without any)."""

    name: str
    rows: int
    size_bytes: int
    oldest: str
    newest: str


@dataclass(frozen=True, slots=True)
class Held:
    """The whole database; `size_bytes` is what it takes on the disk."""

    tables: tuple[TableHeld, ...]
    streams: int
    size_bytes: int


def measure(connection: Connection) -> Held:
    """Count everything."""
    tables = sorted(Stored.metadata.tables.values(), key=lambda table: table.name)
    streams = connection.scalar(select(func.count(EVENT.c.stream.distinct()))) or 0
    size = connection.execute(text(SIZE[connection.dialect.name])).scalar() or 0
    return Held(tuple(_of(connection, table) for table in tables), streams, size)


def _of(connection: Connection, table: Table) -> TableHeld:
    sizes = [_size(column) for column in table.columns if _has_size(column)]
    time = next((table.c[name] for name in TIMES if name in table.c), literal(""))
    asked = select(func.count(), func.sum(sum(sizes[1:], sizes[0])), func.min(time), func.max(time))
    rows, total, oldest, newest = connection.execute(asked.select_from(table)).one()
    return TableHeld(table.name, rows, int(total or 0), oldest or "", newest or "")


def _has_size(column: Column[object]) -> bool:
    return not isinstance(column.type, Integer)


def _size(column: Column[object]):
    return func.coalesce(func.length(column), 0)
