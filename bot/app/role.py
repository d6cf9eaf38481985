"""The process types (`triagebot serve | web | worker`) and what each of them does."""

from dataclasses import dataclass

from bot.errors import ConfigError
from bot.settings import Settings
from bot.store.db import parse_url


@dataclass(frozen=True, slots=True)
class Role:
    """`answers`: it has doors, pages and the API. `drives`: it works on incidents and posts."""

    name: str
    answers: bool
    drives: bool


SERVE = Role("serve", answers=True, drives=True)
WEB = Role("web", answers=True, drives=False)
WORKER = Role("worker", answers=False, drives=True)
ROLES = {role.name: role for role in (SERVE, WEB, WORKER)}


def conninfo_of(settings: Settings) -> str:
    """Return the address of the PostgreSQL server as its own library reads it; "" on SQLite.

    Raises:
        ConfigError: DATABASE_URL is no address of either.
    """
    url = settings.database_url.get_secret_value()
    if parse_url(url).drivername == "sqlite":
        return ""
    return f"postgresql://{url.partition('://')[2]}"


def check_role(role: Role, settings: Settings) -> None:
    """Let `web` and `worker` start only where several processes can share the database.

    Raises:
        ConfigError: The database is a file, which one process owns.
    """
    if role is not SERVE and not conninfo_of(settings):
        raise ConfigError(
            f"triagebot {role.name} shares its database with other processes and so needs "
            "PostgreSQL; set DATABASE_URL to postgresql+psycopg://…, or run: triagebot serve"
        )
