"""What PostgreSQL wants: how to connect, how long to wait, and who may change the schema.

Writers say READ COMMITTED and take a lock (bot.store.turns), so one process writes at a time;
what they committed is on the disk, whatever the server's default.
Readers see one snapshot in a transaction that cannot write.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from sqlalchemy import URL, Engine, NullPool, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError

from bot.errors import ConfigError
from bot.store import schema
from bot.store.engines import READERS, Engines

OLDEST = 14
"""The oldest major version of the server that will do."""
MIGRATING = 7_274_001
"""The lock of whoever changes the schema."""
CONNECT_S = 4
REACH = {
    "connect_timeout": CONNECT_S,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 6000,
    "client_encoding": "utf8",
}
# A process that stands still in a transaction would hold the lock of all: its session is ended,
# sooner than others tire of waiting for the lock.
WRITER_OPTIONS = {
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "3s",
}
READER_OPTIONS = {
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",  # it takes longer than any question of ours
    "plan_cache_mode": "force_custom_plan",  # how rare a word is decides how to look for it
}
# With `off` a commit that was answered could be lost. Anything else stays: what standbys must have
# done by then (`remote_apply`), or need not (`local`), is for whoever runs the server to say. To
# say it again keeps a session from following the server's file, should that change.
ON_DISK = (
    "SELECT set_config(name, CASE setting WHEN 'off' THEN 'on' ELSE setting END, false) "
    "FROM pg_settings WHERE name = 'synchronous_commit'"
)
MIGRATING_OPTIONS = {"lock_timeout": "60s"}
LIVING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND application_name LIKE 'triagebot %' AND pid <> pg_backend_pid()"
)
LISTENER_OPTIONS = {"statement_timeout": "10s"}


def open_server(url: URL, *, read_only: bool) -> Engines:
    """Connect to the database, made or upgraded when needed.

    Raises:
        ConfigError: The server cannot be reached or refuses, or it or the schema will not do.
    """
    with _reaching(url) as engine:
        _bring_up(engine, upgrade=not read_only)
    read = engine_of(url, "read", READER_OPTIONS, size=READERS).execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )
    if read_only:
        return Engines("postgresql", None, read, None, _nothing)
    listen = engine_of(url, "listen", LISTENER_OPTIONS, pool=False)
    return Engines("postgresql", _writing(url), read, listen, _nothing)


def _writing(url: URL) -> Engine:
    engine = engine_of(url, "write", WRITER_OPTIONS)
    event.listen(engine, "connect", _write_to_disk)
    return engine.execution_options(isolation_level="READ COMMITTED")


def _write_to_disk(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(ON_DISK)
    cursor.close()
    connection.commit()


def examine_server(url: URL) -> str:
    """Say which database it is and how it stands, for a bot that is to start.

    Raises:
        ConfigError: As `open_server`.
    """
    with _reaching(url) as engine, engine.connect() as connection:
        version = connection.scalar(text("SHOW server_version"))
        _examine(connection.scalar)
        stands = schema.standing_of(connection)
    return f"PostgreSQL {version} at {_place_of(url)}, {stands}"


def living_server(url: URL) -> int:
    """Return how many connections of triagebot processes the database has now.

    Raises:
        ConfigError: As `open_server`.
    """
    with _reaching(url) as engine, engine.connect() as connection:
        return int(connection.scalar(text(LIVING)) or 0)


@contextmanager
def _reaching(url: URL) -> Generator[Engine]:
    """Yield a pool to examine or change the schema with; what goes wrong says what to mend."""
    try:
        engine = engine_of(url, "migrate", MIGRATING_OPTIONS, pool=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"DATABASE_URL cannot be used ({error})") from None
    try:
        yield engine
    except DBAPIError as error:
        raise ConfigError(_refused(url, str(error.orig).strip())) from None
    finally:
        engine.dispose()


def _place_of(url: URL) -> str:
    return f"{url.host or url.query.get('host') or 'localhost'}:{url.port or 5432}"


def engine_of(
    url: URL, role: str, options: dict[str, str], *, size: int = 1, pool: bool = True
) -> Engine:
    """Return a pool whose connections end their waits themselves; it connects when it is used."""
    given = url.query.get("options", "")
    said = [f"-c {name}={value}" for name, value in options.items()]
    said += [given] if isinstance(given, str) else given
    reach = {name: value for name, value in REACH.items() if name not in url.query}
    arguments = {**reach, "options": " ".join(said), "application_name": f"triagebot {role}"}
    if not pool:
        return create_engine(url, connect_args=arguments, poolclass=NullPool)
    return create_engine(url, connect_args=arguments, pool_size=size, max_overflow=0)


def _nothing() -> None:
    """Release no lock: none outlives a transaction."""


def _bring_up(engine: Engine, *, upgrade: bool) -> None:
    with engine.connect() as connection, connection.begin():
        _examine(connection.scalar)
        if schema.is_current(connection):
            return
        if not upgrade:
            raise ConfigError("the database has no or an older schema; start the bot once")
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATING})
        if not schema.is_current(connection):  # else another process was first
            schema.upgrade_schema(connection)


def _examine(ask: Callable[..., object]) -> None:
    """Say what of the server will not do.

    Raises:
        ConfigError: It is too old, or does not store UTF-8.
    """
    version = int(str(ask(text("SHOW server_version_num")))) // 10_000
    if version < OLDEST:
        raise ConfigError(
            f"DATABASE_URL leads to PostgreSQL {version}, and {OLDEST} is the oldest that will do; "
            "upgrade the server, or set DATABASE_URL to a newer one"
        )
    encoding = ask(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise ConfigError(
            f"the database of DATABASE_URL stores {encoding}; make one with createdb --encoding "
            "UTF8 --template template0"
        )


def _refused(url: URL, said: str) -> str:
    """Return what to mend when the server does not let us in; `said` holds no password."""
    mend = "start it, or mend host and port in DATABASE_URL"
    reasons = [line for line in said.splitlines() if line and not line[0].isspace()]  # no hint
    said = reasons[-1].rpartition(" failed: ")[2] if reasons else said
    if "password" in said or "authentication" in said or "role" in said:
        mend = "mend user and password in DATABASE_URL"
    elif "does not exist" in said:
        mend = f"make it with createdb {url.database}, or mend its name in DATABASE_URL"
    elif "permission denied" in said:
        mend = f"let {url.username} own the database {url.database}"
    return f"PostgreSQL at {_place_of(url)} will not do ({said}); {mend}"
