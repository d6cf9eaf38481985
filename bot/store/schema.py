"""Which schema a database has, and bringing it to this version's; Alembic loads only to change it.

To go back a version: stop the bot, restore the backup made before the upgrade (or run the newer
version's `downgrade`), then start the older one. An older bot refuses a newer schema.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from bot.errors import ConfigError
from bot.store.search import owns_table

REVISIONS = ("0001", "0002", "0003", "0004")
"""Every schema there was, oldest first; the last is this version's (a test asks Alembic)."""
MIGRATIONS = Path(__file__).parent / "migrations"


def is_current(connection: Connection) -> bool:
    """Tell whether the schema is this version's; False for an older or an empty database.

    Raises:
        ConfigError: The schema is newer than this version, or of another program.
    """
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" not in tables:
        if tables:
            raise ConfigError(
                "the database holds tables of another program; set DATABASE_URL to one of the "
                "bot's own"
            )
        return False
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found not in REVISIONS:
        raise ConfigError(
            f"the database was written by a newer triagebot (schema {found}, this version knows "
            f"up to {REVISIONS[-1]}); start that version, or restore the backup made before it"
        )
    return found == REVISIONS[-1]


def standing_of(connection: Connection) -> str:
    """Say whether a start will change the schema.

    Raises:
        ConfigError: As `is_current`.
    """
    return "up to date" if is_current(connection) else "its schema brought up at the next start"


def is_declared(name: str | None, kind: str, _parents: object) -> bool:
    """Tell Alembic to leave out what the text index and the queue of jobs keep for themselves."""
    if kind != "table" or name is None:
        return True
    return not (owns_table(name) or name.startswith("procrastinate"))


def upgrade_schema(connection: Connection) -> None:
    """Run the migrations that are missing, inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
