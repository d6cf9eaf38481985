"""The writer's one connection: begun in turn, and replaced once it was lost."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, Engine, Transaction
from sqlalchemy.exc import DBAPIError

from bot.store.turns import Alone
from bot.store.tx import Tx


class WriteLink:
    """Begins write transactions; only the writer's thread may call it."""

    def __init__(self, engine: Engine, turns: Alone) -> None:
        self._engine = engine
        self._turns = turns
        self._driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._connection: Connection | None = None

    def begin(
        self, now: Callable[[], datetime], forget: Callable[[set[str]], None]
    ) -> tuple[Transaction, Tx]:
        """Begin and take the turn; once more, when the connection was lost since the last.

        `forget` is given the streams that other processes wrote to meanwhile.
        """
        is_old = self._connection is not None
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            transaction = self._connection.begin()
            tx = Tx(self._connection, now())
            forget(set(self._turns.begin(tx)))
        except (DBAPIError, self._driver_error) as error:
            is_lost = self._is_lost(error)
            self.drop()
            if is_old and is_lost:
                return self.begin(now, forget)
            raise
        return transaction, tx

    def drop(self) -> None:
        """Begin the next one on a new connection: it knows nothing of a half-failed commit."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def was_kept(self) -> bool | None:
        """Tell whether a commit that failed is there all the same; None when nobody can tell."""
        try:
            return self._turns.settle(self._engine)
        except DBAPIError:
            return None

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()

    def _is_lost(self, error: Exception) -> bool:
        if isinstance(error, DBAPIError):
            return error.connection_invalidated
        connection = self._connection
        if connection is None or connection.invalidated:
            return True
        lost = self._engine.dialect.is_disconnect
        return lost(error, connection.connection.dbapi_connection, None)  # pyright: ignore[reportArgumentType] - the driver's own errors are asked about
