"""`triagebot backup` and `restore`: a copy that was checked, and a bot that comes back paused."""

import asyncio
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import ConfigError
from bot.incident.events import stamp
from bot.incident.fact import HOUSE
from bot.incident.facts_house import BotPaused
from bot.ports import Clock, Draft
from bot.settings import Settings
from bot.store import backup
from bot.store.audit import Break
from bot.store.store import Store

ACTOR = "bot:restore"
REASON = "restored from {}; what happened after that backup is not known here"


def back_up(settings: Settings, file: Path) -> tuple[list[str], bool]:
    """Copy the database into `file`; return what to print, and whether its log is sound.

    Raises:
        ConfigError: `file` exists or cannot be written, or this is PostgreSQL, whose own command
            the message names.
    """
    database = _database(settings, _dump_words, file)
    if not database.exists():
        raise ConfigError(f"there is no database at {database}; set DATABASE_URL to the bot's")
    backup.refuse_existing(file)
    with backup.draft_beside(file) as draft:
        backup.copy_database(database, draft)
        found = backup.examine(draft, file)
        backup.publish(draft, file)
    held = f"{found.streams} streams, {found.events} events, {found.size_bytes} bytes"
    if found.breaks:
        lines = [f"{file} is a true copy ({held}), but the log it copies is not sound:"]
        return [*lines, *break_lines(found.breaks)], False
    return [f"{file} is written and verified: {held}, every hash fits"], True


def bring_back(
    settings: Settings, clock: Clock, file: Path, *, replace: bool
) -> tuple[list[str], bool]:
    """Make `file` the database, paused; return what to print, and whether it was done.

    Raises:
        ConfigError: A bot runs, there is a database and `replace` is not said, `file` will not do,
            or this is PostgreSQL, whose own command the message names.
    """
    database = _database(settings, _restore_words, file)
    if not file.is_file():
        raise ConfigError(f"there is no backup at {file}")
    if not database.parent.is_dir():
        raise ConfigError(f"the folder {database.parent} of DATABASE_URL does not exist; make it")
    with backup.owned(database), backup.draft_beside(database) as draft:
        if database.exists() and not replace:
            raise ConfigError(
                f"there is a database at {database}; say --replace to put the backup in its place "
                "(the old one is kept beside it)"
            )
        if database.exists() and file.samefile(database):
            raise ConfigError(f"{file} is the database itself; name a backup")
        backup.copy_database(file, draft)
        found = backup.examine(draft, file)
        if found.breaks:
            lines = [f"{file} is not sound, so nothing was changed:"]
            return [*lines, *break_lines(found.breaks)], False
        asyncio.run(_pause(draft, clock, file))
        aside = _free(database, stamp(clock.now())[:19].replace(":", ""))
        was_there = backup.put_in_place(draft, database, aside)
    kept = [f"The database that was there is kept as {aside}."] if was_there else []
    held = f"{found.streams} streams, {found.events} events, every hash fits"
    return [
        f"{database} is restored from {file}: {held}.",
        *kept,
        "The bot will start PAUSED: nothing acts on approvals that may be out of date.",
        "Start it, look at what is open, then run: triagebot resume",
        *_outdated(settings),
    ], True


def break_lines(breaks: Sequence[Break]) -> list[str]:
    """Return one line a break."""
    return [f"{one.stream} event {one.seq}: {one.why}" for one in breaks]


async def _pause(draft: Path, clock: Clock, file: Path) -> None:
    fact = BotPaused(by=ACTOR, reason=REASON.format(file.name))
    async with Store.open(f"sqlite:///{draft}", clock) as store:
        await store.log.record(HOUSE, lambda _: Draft(ACTOR, (fact,)))


def _free(database: Path, at: str) -> Path:
    """Return a name beside the database that nothing has yet."""
    aside, number = database.with_name(f"{database.name}.{at}Z"), 1
    while aside.exists():
        number += 1
        aside = database.with_name(f"{database.name}.{at}Z-{number}")
    return aside


def _outdated(settings: Settings) -> list[str]:
    file = settings.checkpoints
    if file is None or not file.exists():
        return []
    return [
        f"{file} may tell of events that came after the backup. Move it away, or",
        "`triagebot audit verify --checkpoints` will call them missing.",
    ]


def _database(settings: Settings, words: Callable[[str, str], str], file: Path) -> Path:
    """Return the SQLite file; for PostgreSQL raise what `words` says to do instead."""
    try:
        url = make_url(settings.database_url.get_secret_value())
    except ArgumentError:
        raise ConfigError("DATABASE_URL is no database address") from None
    if url.get_backend_name() == "sqlite":
        return Path(url.database or "").absolute()
    raise ConfigError(words(_address(url), shlex.quote(str(file))))


def _address(url: URL) -> str:
    """Return the address as PostgreSQL's own programs take it, without the password."""
    bare = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    shown = bare.difference_update_query(["password"])
    return shlex.quote(shown.render_as_string(hide_password=False))


def _dump_words(address: str, file: str) -> str:
    return (
        "this database is PostgreSQL, which makes its own backups, also beside a running bot:\n"
        f"  pg_dump --format=custom --file={file} --dbname={address}\n"
        "It asks for the password, or takes it from PGPASSWORD or ~/.pgpass. Nothing was done."
    )


def _restore_words(address: str, file: str) -> str:
    return (
        "this database is PostgreSQL, which restores its own backups. Stop every triagebot, then:\n"
        f"  pg_restore --clean --if-exists --single-transaction --dbname={address} {file}\n"
        "  triagebot audit verify\n"
        "It asks for the password, or takes it from PGPASSWORD or ~/.pgpass. Start the bot with\n"
        "TRIAGE_READ_ONLY=1, say `triagebot pause`, look at what is open, and start it without.\n"
        "Nothing was done."
    )
