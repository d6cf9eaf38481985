"""Opens the database without a bot: to read beside a running one, or to migrate it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bot.ports import Clock
from bot.settings import Settings
from bot.store.db import open_database
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


def migrate_database(settings: Settings) -> str:
    """Bring the schema to this version and say so.

    Raises:
        ConfigError: The database is newer, in use by a running bot, or cannot be written.
    """
    open_database(settings.database_url.get_secret_value()).close()
    return "the database has this version's schema"
