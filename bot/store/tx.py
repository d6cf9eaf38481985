"""An open write transaction, and the one way to run fixed SQL in it without SQLAlchemy's cost.

Core costs 20 to 60 µs a statement, the driver 2; an accepted alert may cost 15 µs in all. So what
runs for every delivery and every event is fixed SQL with `?`, and everything else is Core.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Insert, Table, Update, bindparam, insert, update
from sqlalchemy.engine.interfaces import DBAPICursor

from bot.incident.events import stamp

Parameters = Sequence[str | int | bytes | None]
KEY = "key_"
"""Begins the parameter of a key's column, which an update may not share with a value's."""


class Tx:
    """One write transaction: its connection, its time, and the streams written so far.

    Attributes:
        now: The time of every event of this transaction; `at` is the same as the log stores it.
        touched: Streams the current request wrote.
        woken: Those of them that somebody must look at now.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.at = stamp(now)
        self.touched: set[str] = set()
        self.woken: set[str] = set()
        self._cursor: DBAPICursor = connection.connection.cursor()
        self._marks = connection.dialect.paramstyle == "qmark"

    def run(self, sql: str, parameters: Parameters = ()) -> DBAPICursor:
        """Run one statement; the cursor is good until the next `run`."""
        self._cursor.execute(sql if self._marks else sql.replace("?", "%s"), parameters)
        return self._cursor

    def run_many(self, sql: str, rows: Sequence[Parameters]) -> int:
        """Run one statement for each row; return how many rows it changed in all."""
        self._cursor.executemany(sql if self._marks else sql.replace("?", "%s"), rows)
        return self._cursor.rowcount

    def begin(self) -> None:
        """Forget what the request before wrote."""
        self.touched = set()
        self.woken = set()

    def close(self) -> None:
        """Give the cursor back."""
        self._cursor.close()


def put_row(
    connection: Connection, table: Table, key: dict[str, Any], values: dict[str, Any]
) -> None:
    """Update the row of `key`, or insert it; only the one writer may say it this way."""
    row = {f"{KEY}{name}": value for name, value in key.items()} | values
    if values and connection.execute(_update(table, *key, "", *values), row).rowcount:
        return
    connection.execute(_insert(table), {**key, **values})


@cache
def _update(table: Table, *names: str) -> Update:
    """Return the statement for these key columns, "" and these other ones; building it is dear."""
    place = names.index("")
    matches = [table.c[name] == bindparam(f"{KEY}{name}") for name in names[:place]]
    changed: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in names[place + 1 :]}
    return update(table).where(*matches).values(changed)


@cache
def _insert(table: Table) -> Insert:
    return insert(table)


def chunks(values: Sequence[str], size: int) -> Iterator[list[str]]:
    """Yield them in lists of just `size`, the last one filled up with what it ends with."""
    for first in range(0, len(values), size):
        some = list(values[first : first + size])
        yield some + some[-1:] * (size - len(some))


def among(sql: str, size: int) -> str:
    """Return a statement that ends in IN, with `?` for `size` values."""
    return f"{sql}({', '.join('?' * size)})"
