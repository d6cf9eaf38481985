"""Hearing of the commits of other processes, on a connection of its own to PostgreSQL.

Each commit that wrote events notifies everybody, in the order of commits (bot.store.turns). A
look each half second finds what no notification told, as after the server was away: so the kill
switch reaches every process within a second. Whoever listens may be told of one stream twice, and
never not at all.
"""

import logging
import os
import selectors
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from time import monotonic
from typing import Any

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from bot.store.turns import ALL, CHANNEL, read_payload

LOOK_S = 0.5
NEWEST = "SELECT coalesce(max(row), 0) FROM event"
SINCE = "SELECT DISTINCT stream FROM event WHERE row > %s AND row <= %s"
Tell = Callable[[frozenset[str]], None]

log = logging.getLogger(__name__)


class Neighbours:
    """A thread that listens until it is closed, and connects again whenever it must.

    `name` returns by which name our own commits go; `tell` is called in that thread.
    """

    def __init__(self, engine: Engine, name: Callable[[], str], tell: Tell) -> None:
        self._engine = engine
        self._name = name
        self._tell = tell
        self._seen: int | None = None
        self._is_away = False
        self._stop_read, self._stop_write = os.pipe()
        self._thread = Thread(target=self._run, name="store-listen")
        self._thread.start()

    def close(self) -> None:
        """End the thread and its connection."""
        os.close(self._stop_write)  # which its select sees
        self._thread.join()
        os.close(self._stop_read)
        self._engine.dispose()

    def _run(self) -> None:
        is_over = False
        while not is_over:
            try:
                is_over = self._listen()
            except (DBAPIError, psycopg.Error) as error:
                if not self._is_away:
                    log.warning("cannot hear of other processes: %s", str(error).strip())
                self._is_away = True
                is_over = self._wait(None)

    def _listen(self) -> bool:
        """Hear and look until the connection is lost; return True when told to stop."""
        pooled = self._engine.raw_connection()
        try:
            connection: Any = pooled.driver_connection
            connection.autocommit = True
            connection.execute(f"LISTEN {CHANNEL}")
            newest = _newest(connection)
            if self._seen is None:  # what is older is for whoever begins to find
                self._seen = newest
            self._catch_up(connection, newest)
            if self._is_away:
                log.info("hearing of other processes again")
            self._is_away = False
            self._hear_on(connection)
            return True
        finally:
            with suppress(DBAPIError, psycopg.Error):
                pooled.invalidate()
            pooled.close()

    def _hear_on(self, connection: Any) -> None:  # noqa: ANN401 - the driver's
        """Tell what is heard, and what was not heard half a second after it was there."""
        unheard, look_at = 0, monotonic() + LOOK_S
        while not self._wait(connection):
            self._hear_all(connection)
            if monotonic() >= look_at:
                self._catch_up(connection, unheard)
                unheard, look_at = _newest(connection), monotonic() + LOOK_S
                self._hear_all(connection)  # what came with the answers

    def _wait(self, connection: Any) -> bool:  # noqa: ANN401 - the driver's, or None
        """Wait for news, or half a second; return True when told to stop."""
        with selectors.DefaultSelector() as selector:
            stop = selector.register(self._stop_read, selectors.EVENT_READ)
            if connection is not None:
                selector.register(connection.fileno(), selectors.EVENT_READ)
            return any(key == stop for key, _ in selector.select(LOOK_S))

    def _hear_all(self, connection: Any) -> None:  # noqa: ANN401 - the driver's
        for heard in list(connection.notifies(timeout=0)):
            try:
                told = read_payload(heard.payload)
            except ValueError:  # not one of ours: whoever may connect may notify
                log.warning("a notification on %s cannot be read; ignored", CHANNEL)
                continue
            if told.by == self._name():
                self._seen = max(told.row, self._seen or 0)
            elif told.woken == ALL:
                self._catch_up(connection, told.row)
            elif told.row > (self._seen or 0):
                self._seen = told.row
                self._tell(frozenset(told.woken))

    def _catch_up(self, connection: Any, newest: int) -> None:  # noqa: ANN401 - the driver's
        """Tell of every stream written since, by whomever, up to the event of this row."""
        if newest <= (self._seen or 0):
            return
        found = connection.execute(SINCE, (self._seen, newest)).fetchall()
        self._seen = newest
        self._tell(frozenset(str(stream) for (stream,) in found))


def _newest(connection: Any) -> int:  # noqa: ANN401 - the driver's
    return int(connection.execute(NEWEST).fetchone()[0])
