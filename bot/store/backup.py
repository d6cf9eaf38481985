"""Copies of a SQLite database: taken beside a running bot, checked, and put in its place.

PostgreSQL has its own programs for this; `bot.app.safekeeping` names them.
"""

import errno
import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine, func, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from bot.errors import ConfigError
from bot.store import schema
from bot.store.audit import Break, verify_chains
from bot.store.sqlite import MODE, lock_of
from bot.store.tables import EVENT

BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a database that is or was open."""
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""What a file system says that knows only one name a file."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What was found in a copy: its size, what it holds, and where its chains are broken."""

    size_bytes: int
    streams: int
    events: int
    breaks: tuple[Break, ...]


@contextmanager
def draft_beside(target: Path) -> Generator[Path]:
    """Yield an empty file next to `target`, readable by its owner only; it is gone at the end.

    Raises:
        ConfigError: Nothing can be written there.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE))
    except OSError as error:
        raise ConfigError(
            f"{target} cannot be written ({error.strerror}); name a file in a folder you may "
            "write to"
        ) from None
    try:
        yield draft
    finally:
        for name in (
            draft,
            *map(Path, (f"{draft}{end}" for end in (*BESIDE, "-journal", ".lock"))),
        ):
            name.unlink(missing_ok=True)


@contextmanager
def owned(database: Path) -> Generator[None]:
    """Own a database as a running bot does, so that none can start meanwhile.

    Raises:
        ConfigError: A bot runs on it, or its folder cannot be written.
    """
    lock = lock_of(database)
    try:
        yield
    finally:
        os.close(lock)


def copy_database(source: Path, target: Path) -> None:
    """Copy one moment of `source` into `target` as a single file; writers are not held up.

    Raises:
        ConfigError: `source` is no database that can be read, or `target` cannot be written.
    """
    try:
        reading = sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True)
        writing = sqlite3.connect(target)
        try:
            reading.backup(writing)  # in one go: in steps, each write would begin it anew
            writing.execute("PRAGMA journal_mode=DELETE")
        finally:
            writing.close()
            reading.close()
        with target.open("rb") as file:
            os.fsync(file.fileno())
    except (sqlite3.Error, OSError) as error:
        raise ConfigError(f"{source} could not be copied: {error}") from None


def examine(copy: Path, name: Path) -> Copy:
    """Read the whole copy, which nobody has open, and tell what is in it.

    Raises:
        ConfigError: It is damaged, of another program, or of a newer version; it is told as `name`.
    """
    address = f"file:{quote(str(copy))}?mode=ro&immutable=1"
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool
    )
    try:
        with engine.connect() as connection:
            problem = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
            if problem != "ok":
                raise ConfigError(f"{name} is damaged ({problem}); use another backup")
            schema.is_current(connection)  # refuses a newer one; an older one is upgraded later
            if not inspect(connection).has_table(EVENT.name):
                raise ConfigError(f"{name} holds no event log; it is no backup of a triagebot")
            asked = select(func.count(EVENT.c.stream.distinct()), func.count())
            streams, events = connection.execute(asked.select_from(EVENT)).one()
            breaks = tuple(verify_chains(connection))
    except DBAPIError as error:
        raise ConfigError(f"{name} is no database of a triagebot ({error.orig})") from None
    finally:
        engine.dispose()
    return Copy(copy.stat().st_size, streams, events, breaks)


def refuse_existing(target: Path) -> None:
    """Raise ConfigError when there is such a file."""
    if target.exists():
        raise ConfigError(
            f"{target} exists already, and a backup never overwrites; name another file"
        )


def publish(draft: Path, target: Path) -> None:
    """Give the draft its name, unless something has it already.

    Raises:
        ConfigError: There is such a file, or it cannot be made.
    """
    try:
        os.link(draft, target)
    except FileExistsError:
        refuse_existing(target)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise ConfigError(f"{target} cannot be written ({error.strerror})") from None
        refuse_existing(target)
        draft.rename(target)
    _settle(target.parent)


def put_in_place(draft: Path, database: Path, aside: Path) -> bool:
    """Make the draft the database; what was there is kept as `aside`. True when there was one.

    The caller owns the database. A kill in between loses nothing: what was there is under one of
    the two names.
    """
    was_there = database.exists()
    if was_there:
        _fold_in(database)
    for end in (*BESIDE, ""):  # its journal first: the next database must not inherit it
        old = Path(f"{database}{end}")
        if old.exists():
            old.rename(f"{aside}{end}")
    draft.rename(database)
    _settle(database.parent)
    return was_there


def _fold_in(database: Path) -> None:
    """Bring what its journal holds into the file itself, as far as it can be read at all."""
    try:
        connection = sqlite3.connect(database)
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
    except sqlite3.Error:
        return  # damaged; the journal is kept beside it


def _settle(folder: Path) -> None:
    """Wait until the folder's names are on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
