"""Opens the database without a bot: to read beside a running one, to migrate or rebuild it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bot.app.keeping import taken_words
from bot.app.retention import KeepRules, Retention
from bot.errors import ConfigError
from bot.ports import Clock
from bot.settings import Settings
from bot.store.db import describe_database, open_database, refuse_beside_others
from bot.store.stats import measure
from bot.store.store import Store


@asynccontextmanager
async def reading(settings: Settings, clock: Clock) -> AsyncGenerator[Store]:
    """Yield the store read-only; works beside a running bot and writes nothing.

    Raises:
        ConfigError: There is no database, or its schema is not this version's.
    """
    url = settings.database_url.get_secret_value()
    async with Store.open(url, clock, read_only=True) as store:
        yield store


async def rebuild_database(settings: Settings, clock: Clock) -> str:
    """Make every derived table anew from the log and say so.

    Raises:
        ConfigError: The database is newer, in use by a running bot, or cannot be written.
    """
    url = settings.database_url.get_secret_value()
    refuse_beside_others(url)
    async with Store.open(url, clock) as store:
        streams = await store.rebuild()
    return f"every list and index is made anew from {streams} streams of the log"


async def stats_lines(store: Store, settings: Settings, clock: Clock) -> list[str]:
    """Return what the database holds, table by table, and what retention would take now."""
    held = await store.database.ask(measure)
    lines = [f"{'table':<14} {'rows':>10} {'bytes':>14}  oldest to newest"]
    for table in held.tables:
        times = f"  {_time(table.oldest)} to {_time(table.newest)}" if table.oldest else ""
        lines.append(f"{table.name:<14} {table.rows:>10} {table.size_bytes:>14}{times}")
    taken = await Retention(store.bodies, clock, KeepRules.of(settings)).forecast()
    lines.append("")
    lines.append(f"streams        {held.streams}")
    lines.append(f"database       {held.size_bytes} bytes; deleted bytes are used again first")
    lines.append(f"bodies         {await store.bodies.kept_bytes()} bytes of deliveries, evidence")
    would = taken_words(taken) if taken else "nothing"
    lines.append(f"retention      would delete now: {would}")
    return lines


def _time(at: str) -> str:
    return at[:19].replace("T", " ")


def migrate_database(settings: Settings) -> str:
    """Bring the schema to this version and say so.

    Raises:
        ConfigError: The database is newer, a file in use by a running bot, or cannot be written.
    """
    open_database(settings.database_url.get_secret_value()).close()
    return "the database has this version's schema"


def examine_database(settings: Settings) -> tuple[list[str], list[str]]:
    """Return what to note of the database, and what keeps a bot from starting with it."""
    try:
        return [f"database: {describe_database(settings.database_url.get_secret_value())}"], []
    except ConfigError as error:
        return [], [str(error)]
