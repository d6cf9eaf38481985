"""Taking turns: many processes write to one PostgreSQL database, one transaction at a time.

Each write transaction first takes a lock that ends with it. So `event.row` grows in the order of
commits, and what a process remembers of the log stays true but for what others wrote since its
last turn, which it learns as its turn begins. SQLite has one process, and needs none of it.

A connection that is lost during COMMIT leaves open what became of the transaction. The next one
to hold the lock knows that it ended, and finds its newest event, or not; without an event, the
server is asked what became of the transaction's number. If nobody can be asked in time, whoever
wrote is told BusyError and that it is not known: what retries is fenced (`append` by the head,
a delivery by its key).
"""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from bot.incident.model import Value
from bot.store.tx import Tx

CHANNEL = "triagebot_commit"
TURN = 7_274_002
"""The lock of whoever writes."""
PAYLOAD_BYTES = 7900
"""The server takes less than 8000."""
ALL = "*"
SETTLE_S = 8.0
AGAIN_S = 0.25

LOCK = f"SELECT pg_advisory_xact_lock({TURN})"
LEARN = "SELECT stream, max(row) FROM event WHERE row > ? GROUP BY stream"
NEWEST = "SELECT row, hash FROM event ORDER BY row DESC LIMIT 1"
NUMBER = "SELECT pg_current_xact_id_if_assigned()::text"
NOTIFY = f"SELECT pg_notify('{CHANNEL}', ?)"
THERE = text("SELECT hash FROM event WHERE row = :row")
BECAME = text("SELECT pg_xact_status(CAST(:number AS xid8))")


class Alone:
    """The turns of a database that only this process writes to.

    Attributes:
        name: By which a process knows its own notifications.
    """

    name = ""

    def begin(self, tx: Tx) -> Iterable[str]:
        """Return the streams others wrote to: none."""
        _ = tx
        return ()

    def end(self, tx: Tx, touched: set[str], woken: set[str]) -> None:
        """Say nothing to anybody."""

    def committed(self) -> None:
        """Note nothing."""

    def settle(self, engine: Engine) -> bool:
        """Return False: a commit that failed wrote nothing."""
        _ = engine
        return False


class Tidings(Value):
    """What a commit tells the others: by whom, its newest event, and which streams to look at."""

    by: str
    row: int
    woken: Literal["*"] | frozenset[str]


@dataclass(frozen=True, slots=True)
class Mark:
    """How a transaction can be found again: its newest event, or its number on the server."""

    row: int = 0
    digest: bytes = b""
    number: str = ""


class Turns(Alone):
    """The turns of one process; only the writer's thread may call it."""

    def __init__(self) -> None:
        self.name = uuid4().hex
        self._known: int | None = None
        self._mark: Mark | None = None

    def begin(self, tx: Tx) -> Iterable[str]:
        """Wait for the turn; return the streams that others wrote to since the last one."""
        self._mark = None
        tx.run(LOCK)
        if self._known is None:  # nothing is remembered yet
            row = tx.run(NEWEST).fetchone()
            self._known = 0 if row is None else int(row[0])
            return ()
        found = tx.run(LEARN, (self._known,)).fetchall()
        if found:
            self._known = max(int(row[1]) for row in found)
        return [str(row[0]) for row in found]

    def end(self, tx: Tx, touched: set[str], woken: set[str]) -> None:
        """Note how to find this transaction again, and tell the others, if it wrote events."""
        if not touched:
            row = tx.run(NUMBER).fetchone()
            self._mark = Mark(number=str(row[0] or "") if row else "")
            return
        row = tx.run(NEWEST).fetchone()
        if row is None:  # its only requests were rolled back
            return
        self._mark = Mark(int(row[0]), bytes(row[1]))
        tx.run(NOTIFY, (payload(self.name, int(row[0]), woken),))

    def committed(self) -> None:
        """Count our own events as known."""
        if self._mark is not None:
            self._known = max(self._known or 0, self._mark.row)

    def settle(self, engine: Engine) -> bool:
        """Return True when the transaction that was lost at its end is there all the same.

        Raises:
            DBAPIError: The server did not come back in time; it is not known.
        """
        mark = self._mark
        if mark is None:
            return False
        until = time.monotonic() + SETTLE_S
        while True:
            try:
                with engine.begin() as connection:
                    return is_there(connection, mark)
            except DBAPIError:
                if time.monotonic() > until:
                    raise
            time.sleep(AGAIN_S)


def is_there(connection: Connection, mark: Mark) -> bool:
    """Tell whether the transaction was committed; waits until it has ended."""
    connection.exec_driver_sql(LOCK)
    if mark.row:
        found = connection.scalar(THERE, {"row": mark.row})
        return found is not None and bytes(found) == mark.digest
    if not mark.number:  # it wrote nothing, so there is nothing to lose
        return True
    return connection.scalar(BECAME, {"number": mark.number}) == "committed"


def payload(name: str, row: int, woken: Iterable[str]) -> str:
    """Return what a commit tells the others; too many streams are `*`, and are looked up."""
    told = json.dumps({"by": name, "row": row, "woken": sorted(woken)}, separators=(",", ":"))
    if len(told.encode()) <= PAYLOAD_BYTES:
        return told
    return json.dumps({"by": name, "row": row, "woken": ALL}, separators=(",", ":"))


def read_payload(told: str) -> Tidings:
    """Return what a commit told.

    Raises:
        ValueError: No commit of ours told this.
    """
    return Tidings.model_validate_json(told)
