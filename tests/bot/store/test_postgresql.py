"""Opening a PostgreSQL database: its schema, who makes it, and clear words when it will not do."""

import asyncio
from collections.abc import Callable

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, make_url, text

from bot.errors import ConfigError, InputError
from bot.ports import Filter
from bot.store import postgresql as dialect
from bot.store.db import open_database
from bot.store.schema import MIGRATIONS, is_declared, upgrade_schema
from bot.store.store import Store
from bot.store.stored import Stored
from bot.store.tx import Tx
from tests.bot.store.examples import change, delivery, note, open_incident, opened, say
from tests.databases import PASSWORD, Server
from tests.fakes import T0, FakeClock


def without_driver(url: str, name: str) -> str:
    return url.replace("postgresql+psycopg", name)


@pytest.mark.parametrize("name", ["postgres", "postgresql", "postgresql+psycopg"])
async def test_an_address_may_leave_the_driver_out(
    postgresql: Server, postgresql_url: str, name: str
) -> None:
    url = without_driver(postgresql.tcp_url(make_url(postgresql_url).database or ""), name)
    async with Store.open(url, FakeClock()) as store:
        assert store.database.kind == "postgresql"
        assert await open_incident(store) == "INC-1"


WRONG: dict[str, tuple[Callable[[Server], str], str]] = {
    "password": (lambda server: server.tcp_url("postgres", "wrong"), "mend user and password"),
    "name": (lambda server: server.tcp_url("nobody_made_it"), "createdb nobody_made_it"),
    "port": (lambda _: "postgresql://bot@127.0.0.1:1/bot", r"\(Connection refused\); .*mend host"),
    "host": (lambda _: "postgresql://bot@/bot?host=/nowhere", "mend host and port"),
    "option": (lambda server: f"{server.url('postgres')}&colour=red", "colour"),
    "driver": (lambda _: "postgresql+asyncpg://bot@db/bot", r"write .*postgresql\+psycopg://"),
}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("read_only", [False, True])
def test_an_address_that_will_not_do_says_what_to_mend(
    postgresql: Server, what: str, read_only: bool
) -> None:
    url, says = WRONG[what]
    with pytest.raises(ConfigError, match=says) as refused:
        open_database(url(postgresql), read_only=read_only)
    assert PASSWORD not in str(refused.value)
    assert "wrong" not in str(refused.value)


def test_an_old_server_is_refused(
    postgresql: Server, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialect, "OLDEST", 99)
    with pytest.raises(ConfigError, match="99 is the oldest that will do"):
        open_database(postgresql_url)


def test_a_database_that_cannot_hold_every_letter_is_refused(postgresql: Server) -> None:
    postgresql.admin.execute(
        "CREATE DATABASE latin ENCODING LATIN1 TEMPLATE template0 STRATEGY FILE_COPY"
    )
    try:
        with pytest.raises(ConfigError, match="stores LATIN1"):
            open_database(postgresql.url("latin"))
    finally:
        postgresql.drop("latin")


@pytest.fixture
def empty_url(postgresql: Server) -> str:
    """A database that nobody brought up; the session's end removes it."""
    return postgresql.url(postgresql.empty())


async def test_g05_of_processes_that_start_at_once_one_migrates(empty_url: str) -> None:
    with pytest.raises(ConfigError, match="start the bot once"):
        open_database(empty_url, read_only=True)
    opening = (asyncio.to_thread(open_database, empty_url) for _ in range(4))
    for database in await asyncio.gather(*opening):
        database.close()
    open_database(empty_url, read_only=True).close()


def test_g05_the_migrations_make_the_tables_that_the_code_declares(empty_url: str) -> None:
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        upgrade_schema(connection)
        context = MigrationContext.configure(connection, opts={"include_name": is_declared})
        assert compare_metadata(context, Stored.metadata) == []
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        left = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        assert list(connection.scalars(text(left))) == ["alembic_version"]
        upgrade_schema(connection)
    engine.dispose()


def test_the_tables_of_another_program_are_left_alone(empty_url: str) -> None:
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE song (title text)"))
    engine.dispose()
    with pytest.raises(ConfigError, match="another program"):
        open_database(empty_url)


async def test_g05_a_newer_schema_is_refused(postgresql_url: str) -> None:
    async with Store.open(postgresql_url, FakeClock()) as store:
        await store.writer.submit(
            lambda tx: tx.run("UPDATE alembic_version SET version_num = '9999'").rowcount
        )
    for read_only in (False, True):
        with pytest.raises(ConfigError, match="newer triagebot"):
            open_database(postgresql_url, read_only=read_only)


async def test_readers_cannot_write(postgresql_url: str) -> None:
    async with Store.open(postgresql_url, FakeClock()) as store:
        with pytest.raises(Exception, match="read-only transaction"):
            await store.database.ask(
                lambda connection: connection.execute(text("DELETE FROM incident")).rowcount
            )
        level = await store.database.ask(
            lambda connection: connection.scalar(text("SHOW transaction_isolation"))
        )
        assert level == "repeatable read"


@pytest.mark.parametrize(
    ("said", "meant"), [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")]
)
async def test_what_was_committed_is_on_the_disk_whatever_the_role_says(
    postgresql: Server, postgresql_url: str, said: str, meant: str
) -> None:
    name = make_url(postgresql_url).database
    for setting in (f"synchronous_commit = {said}", "default_transaction_isolation = serializable"):
        postgresql.admin.execute(f"ALTER DATABASE {name} SET {setting}".encode())

    def ask(tx: Tx) -> list[str | None]:
        shown = ("synchronous_commit", "transaction_isolation")
        return [tx.connection.scalar(text(f"SHOW {setting}")) for setting in shown]

    async with Store.open(postgresql_url, FakeClock()) as store:
        for _ in range(2):
            assert await store.writer.submit(ask) == [meant, "read committed"]


async def test_a_nul_is_refused_and_not_a_fault(postgresql_url: str) -> None:
    async with Store.open(postgresql_url, FakeClock()) as store:
        incident = await open_incident(store)
        for asked in (
            store.log.load("INC-1\0"),
            store.evidence.get("\0"),
            say(store, "\0", note()),
        ):
            with pytest.raises(InputError, match="NUL"):
                await asked
        assert await say(store, incident, note()) == 2


@pytest.mark.parametrize(
    ("attack", "seq"),
    [
        ("UPDATE event SET body = 'x' WHERE seq = 2", 2),
        ("UPDATE event SET at = at || '0' WHERE seq = 3", 3),
        ("DELETE FROM event WHERE seq = 3", 3),
    ],
)
async def test_e42_the_audit_finds_what_was_changed(
    postgresql_url: str, attack: str, seq: int
) -> None:
    async with Store.open(postgresql_url, FakeClock()) as store:
        incident = await open_incident(store)
        await say(store, incident, note("one"), note("two"))
        assert await store.verify() == []
        await store.writer.submit(
            lambda tx: tx.run("ALTER TABLE event DISABLE TRIGGER USER").rowcount
        )
        await store.writer.submit(lambda tx: tx.run(attack).rowcount)
        assert [(found.stream, found.seq) for found in await store.verify()] == [(incident, seq)]


async def test_text_sorts_by_its_bytes_on_every_database(database_url: str) -> None:
    async with Store.open(database_url, FakeClock()) as store:
        names = ["a", "B", "_", "é", "z", "Z", "-"]
        changes = [change(name) for name in names]
        await store.deliveries.accept_change(delivery("d1"), changes)
        found = await store.changes.recent("", T0)
        assert [one.id for one in found] == sorted(names, key=str.encode)


TITLES = ("Disk of web_01 is filling", "Café closed", "Latency of POST /pay > 5s", "pods 1e5 OOM")
ASKED = ("web", "WEB_01", "01", "_", "cafe", "CAFÉ", "clos", "5s", "post pay", "of", "1e5", "is of")


async def test_both_databases_find_the_same(postgresql_url: str, tmp_path: object) -> None:
    found: list[list[list[str]]] = []
    for url in (postgresql_url, f"sqlite:///{tmp_path}/bot.db"):
        async with Store.open(url, FakeClock()) as store:
            for title in TITLES:
                await open_incident(store, opened(title))
            pages = [await store.incidents.page(Filter(text=said)) for said in ASKED]
            found.append([[row.id for row in page] for page in pages])
    assert dict(zip(ASKED, found[0], strict=True)) == dict(zip(ASKED, found[1], strict=True))
