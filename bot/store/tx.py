"""An open write transaction, and the one way to run fixed SQL in it without SQLAlchemy's cost.

Core costs 20 to 60 µs a statement, the driver 2; an accepted alert may cost 15 µs in all. So what
runs for every delivery and every event is fixed SQL with `?`, and everything else is Core.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, update
from sqlalchemy.engine.interfaces import DBAPICursor

from bot.incident.events import stamp

Parameters = Sequence[str | int | bytes | None]


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
    matches = [table.c[name] == value for name, value in key.items()]
    if values and connection.execute(update(table).where(*matches).values(values)).rowcount:
        return
    connection.execute(insert(table).values({**key, **values}))


def listed(rows: Iterable[str]) -> str:
    """Return `?, ?, …` for as many values as `rows` has."""
    return ", ".join("?" for _ in rows)
