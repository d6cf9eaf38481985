"""The database behind the store, whichever it is: opened by its URL, and asked in threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    InterfaceError,
    OperationalError,
)

from bot.errors import BusyError, ConfigError, InputError
from bot.store import sqlite
from bot.store.engines import READERS, Engines, Kind

T = TypeVar("T")
WRITE = "write sqlite:///triagebot.db, or postgresql+psycopg://user:password@host/database"


@dataclass(frozen=True, slots=True)
class Database:
    """An open database. `write` is None when it was opened to read only."""

    engines: Engines
    _threads: ThreadPoolExecutor

    @property
    def kind(self) -> Kind:
        """`sqlite` or `postgresql`."""
        return self.engines.kind

    @property
    def write(self) -> Engine | None:
        """The writer's pool."""
        return self.engines.write

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """Return what `question` reads from one snapshot, in a reader thread.

        It is asked once more when the connection turns out to be lost: it only reads.

        Raises:
            BusyError: The database is away.
            InputError: What is asked for is nothing the database can hold.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._ask, question)

    def _ask(self, question: Callable[[Connection], T]) -> T:
        try:
            try:
                return self._read(question)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            return self._read(question)
        except (OperationalError, InterfaceError) as error:
            raise BusyError(f"the database did not answer ({error.orig}); try again") from error
        except DataError as error:  # PostgreSQL knows no text with a NUL in it
            raise InputError(f"the database cannot look for that ({error.orig})") from error

    def _read(self, question: Callable[[Connection], T]) -> T:
        with self.engines.read.connect() as connection, connection.begin():
            return question(connection)

    def close(self) -> None:
        """Wait for readers, close every connection, and release the lock."""
        self._threads.shutdown()
        self.engines.close()


def open_database(url: str, *, read_only: bool = False) -> Database:
    """Open the database `url` names, made or upgraded when needed.

    With `read_only` nothing is written and no lock is taken, so it works beside a running bot.

    Raises:
        ConfigError: The URL, the database or its schema will not do, or another bot owns it.
    """
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        engines = sqlite.open_file(parsed, read_only=read_only)
    else:
        from bot.store import postgresql  # its driver loads only where it is used

        engines = postgresql.open_server(parsed, read_only=read_only)
    return Database(engines, ThreadPoolExecutor(READERS, "store-read"))


def describe_database(url: str) -> str:
    """Say which database it is and how it stands; nothing is written, and no lock is taken.

    Raises:
        ConfigError: A bot could not start with it.
    """
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        return sqlite.examine_file(parsed)
    from bot.store import postgresql  # its driver loads only where it is used

    return postgresql.examine_server(parsed)


def refuse_beside_others(url: str) -> None:
    """Refuse what only a stopped bot's database may undergo; a file's lock does so by itself.

    Raises:
        ConfigError: A process of the bot is connected, or the database will not do.
    """
    parsed = parse_url(url)
    if parsed.drivername == "sqlite":
        return
    from bot.store import postgresql  # its driver loads only where it is used

    living = postgresql.living_server(parsed)
    if living:
        raise ConfigError(
            f"a triagebot is running on this database ({living} of its connections are open); "
            "stop every process of it first: serve, web and worker"
        )


def parse_url(url: str) -> URL:
    """Return the address with its driver: `sqlite`, or `postgresql+psycopg`.

    Raises:
        ConfigError: It is no address, or of a database that nothing is stored in.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(f"DATABASE_URL is no database address; {WRITE}") from None
    name = parsed.drivername
    if name in {"sqlite", "sqlite+pysqlite"}:
        return parsed.set(drivername="sqlite")
    if name in {"postgres", "postgresql", "postgresql+psycopg"}:
        return parsed.set(drivername="postgresql+psycopg")
    raise ConfigError(f"DATABASE_URL names {name}, which this version cannot store in; {WRITE}")
