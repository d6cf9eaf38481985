"""What SQLite wants: pragmas, BEGIN IMMEDIATE, and a lock on the file, for one process owns it."""

import fcntl
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from bot.errors import ConfigError
from bot.store import schema
from bot.store.engines import READERS, Engines

MODE = 0o600
BUSY_TIMEOUT_S = 5.0
WRITER_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "recursive_triggers=ON",  # else INSERT OR REPLACE slips past the triggers of the log
    "temp_store=MEMORY",
    "journal_size_limit=67108864",
)
READER_PRAGMAS = (
    "query_only=ON",
    "temp_store=MEMORY",
    "cache_size=-256",  # KiB for each of the readers: the system keeps the file's pages already
)


def open_file(url: URL, *, read_only: bool) -> Engines:
    """Open the file, made or upgraded when needed.

    Raises:
        ConfigError: The URL, the file or its schema will not do, or another bot owns the file.
    """
    path = _path(url)
    if read_only and not path.exists():
        raise ConfigError(
            f"there is no database at {path}; start the bot, or set DATABASE_URL to the one it uses"
        )
    lock = None if read_only else lock_of(path)
    engines: list[Engine] = []
    try:
        if not read_only:
            _make(path)
            engines.append(_engine(lambda: _connect(str(path), WRITER_PRAGMAS), "BEGIN IMMEDIATE"))
            _bring_up(engines[0], path, upgrade=True)
        address = f"file:{quote(str(path))}?mode=ro"
        read = _engine(lambda: _connect(address, READER_PRAGMAS), "BEGIN", READERS)
        engines.append(read)
        _bring_up(read, path, upgrade=False)
    except BaseException:
        for engine in engines:
            engine.dispose()
        _release(lock)
        raise
    write = None if read_only else engines[0]
    return Engines("sqlite", write, read, None, lambda: _release(lock))


def examine_file(url: URL) -> str:
    """Say which file it is and how it stands, for a bot that is to start; nothing is written.

    Raises:
        ConfigError: The URL, the file or its schema will not do.
    """
    path = _path(url)
    if not path.exists():
        return f"SQLite in {path}, made at the first start"
    address = f"file:{quote(str(path))}?mode=ro"
    engine = _engine(lambda: _connect(address, READER_PRAGMAS), "BEGIN")
    try:
        with engine.connect() as connection, connection.begin():
            stands = schema.standing_of(connection)
    except DBAPIError as error:
        raise ConfigError(_spoilt(path, error)) from error
    finally:
        engine.dispose()
    return f"SQLite in {path}, {stands}"


def _release(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def _bring_up(engine: Engine, path: Path, *, upgrade: bool) -> None:
    try:
        with engine.connect() as connection, connection.begin():
            if schema.is_current(connection):
                return
            if not upgrade:
                raise ConfigError(f"the database at {path} has an older schema; start the bot once")
            schema.upgrade_schema(connection)
    except DBAPIError as error:
        raise ConfigError(_spoilt(path, error)) from error


def _spoilt(path: Path, error: DBAPIError) -> str:
    return (
        f"{path} cannot be used as a database ({error.orig}); restore a backup of it, or set "
        "DATABASE_URL to another file"
    )


def _path(url: URL) -> Path:
    name = url.database or ""
    if name in {"", ":memory:"} or name.startswith("file:"):
        raise ConfigError("DATABASE_URL must name a file, such as sqlite:///triagebot.db")
    path = Path(name).absolute()
    if not path.parent.is_dir():
        raise ConfigError(f"the folder {path.parent} of DATABASE_URL does not exist; make it")
    return path


def _make(path: Path) -> None:
    """See to it that the file is there, readable by its owner only."""
    try:
        path.touch(mode=MODE)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"{path} cannot be written ({error.strerror}); let the bot write there, or set "
        "DATABASE_URL to another file"
    )


def lock_of(path: Path) -> int:
    """Own the database at `path`, there or not yet; return what to close to give it up.

    It ends with the process, however that ends.

    Raises:
        ConfigError: Another process owns it, or its folder cannot be written.
    """
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
    except OSError as error:
        raise _unwritable(path, error) from error
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
