"""The database behind the store: one writer, readers, a lock; what SQLite wants is here."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from bot.errors import BusyError, ConfigError
from bot.store import schema

T = TypeVar("T")

READERS = 4
BUSY_TIMEOUT_S = 5.0
WRITER_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "recursive_triggers=ON",  # else INSERT OR REPLACE slips past the triggers of the log
    "temp_store=MEMORY",
    "journal_size_limit=67108864",
)
READER_PRAGMAS = ("query_only=ON", "temp_store=MEMORY")


@dataclass(frozen=True, slots=True)
class Database:
    """An open database. `write` is None when it was opened to read only."""

    write: Engine | None
    read: Engine
    _threads: ThreadPoolExecutor
    _lock: int | None

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """Return what `question` reads from one snapshot, in a reader thread.

        Raises:
            BusyError: The database is away.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._ask, question)

    def _ask(self, question: Callable[[Connection], T]) -> T:
        try:
            with self.read.connect() as connection, connection.begin():
                return question(connection)
        except OperationalError as error:
            raise BusyError(f"the database did not answer ({error.orig}); try again") from error

    def close(self) -> None:
        """Wait for readers, close every connection, and release the lock."""
        self._threads.shutdown()
        self.read.dispose()
        if self.write is not None:
            self.write.dispose()
        if self._lock is not None:
            os.close(self._lock)


def open_database(url: str, *, read_only: bool = False) -> Database:
    """Open the SQLite file `url` names, made or upgraded when needed.

    With `read_only` nothing is written and no lock is taken, so it works beside a running bot.

    Raises:
        ConfigError: The URL, the file or its schema will not do, or another bot owns the file.
    """
    path = _path(url)
    if read_only and not path.exists():
        raise ConfigError(
            f"there is no database at {path}; start the bot, or set DATABASE_URL to the one it uses"
        )
    lock = None if read_only else _lock(path)
    engines: list[Engine] = []
    try:
        if not read_only:
            engines.append(_engine(lambda: _connect(str(path), WRITER_PRAGMAS), "BEGIN IMMEDIATE"))
            _bring_up(engines[0], path, upgrade=True)
        address = f"file:{quote(str(path))}?mode=ro"
        read = _engine(lambda: _connect(address, READER_PRAGMAS), "BEGIN", READERS)
        engines.append(read)
        _bring_up(read, path, upgrade=False)
    except BaseException:
        for engine in engines:
            engine.dispose()
        if lock is not None:
            os.close(lock)
        raise
    write = None if read_only else engines[0]
    return Database(write, read, ThreadPoolExecutor(READERS, "store-read"), lock)


def _bring_up(engine: Engine, path: Path, *, upgrade: bool) -> None:
    try:
        with engine.connect() as connection, connection.begin():
            if schema.is_current(connection):
                return
            if not upgrade:
                raise ConfigError(f"the database at {path} has an older schema; start the bot once")
            schema.upgrade_schema(connection)
    except DBAPIError as error:
        raise ConfigError(
            f"{path} cannot be used as a database ({error.orig}); restore a backup of it, or set "
            "DATABASE_URL to another file"
        ) from error


def _path(url: str) -> Path:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            "DATABASE_URL is no database address; write sqlite:///triagebot.db"
        ) from error
    if parsed.get_backend_name() != "sqlite":
        raise ConfigError(
            f"DATABASE_URL names {parsed.get_backend_name()}, but this version stores in SQLite; "
            "write sqlite:///triagebot.db"
        )
    name = parsed.database or ""
    if name in {"", ":memory:"} or name.startswith("file:"):
        raise ConfigError("DATABASE_URL must name a file, such as sqlite:///triagebot.db")
    path = Path(name).absolute()
    if not path.parent.is_dir():
        raise ConfigError(f"the folder {path.parent} of DATABASE_URL does not exist; make it")
    return path


def _lock(path: Path) -> int:
    """Own the file, or say who does; the lock ends with the process, however it ends."""
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        path.touch(mode=0o600)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written ({error.strerror}); let the bot write there, or set "
            "DATABASE_URL to another file"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        raise ConfigError(
            f"another triagebot already runs on {path} (process {owner}); stop it, or set "
            "DATABASE_URL to another file"
        ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _engine(connect: Callable[[], sqlite3.Connection], begin: str, size: int = 1) -> Engine:
    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=size, max_overflow=0
    )

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "begin", begun)
    return engine


def _connect(name: str, pragmas: tuple[str, ...]) -> sqlite3.Connection:
    connection = sqlite3.connect(
        name,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,  # we say BEGIN ourselves
        check_same_thread=False,  # the pool hands a connection to one thread at a time
        uri=name.startswith("file:"),
        cached_statements=256,
    )
    try:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
