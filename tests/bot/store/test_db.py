"""Opening a database: its pragmas, its lock, its schema, and clear words when it will not do."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from bot.errors import ConfigError
from bot.store.db import open_database
from bot.store.schema import MIGRATIONS, REVISIONS, is_declared, upgrade_schema
from bot.store.store import Store
from bot.store.stored import Stored
from tests.bot.store.examples import note, open_incident, say
from tests.fakes import FakeClock, open_store

OPEN = "import sys; from bot.store.db import open_database; open_database(sys.argv[1]).close()"


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, f"sqlite:///{folder}/bot.db"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


async def test_g06_sqlite_is_set_up_to_keep_what_it_acknowledged(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:

        def pragma(connection: Connection, name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

        expected = {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "recursive_triggers": 1,
            "busy_timeout": 5000,
        }
        for name, value in expected.items():
            found = await store.writer.submit(
                lambda tx, name=name: pragma(tx.connection, name)  # pyright: ignore[reportUnknownLambdaType]
            )
            assert found == value, name
        assert await store.database.ask(lambda connection: pragma(connection, "query_only")) == 1


async def test_readers_cannot_write(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        with pytest.raises(Exception, match="readonly"):
            await store.database.ask(
                lambda connection: connection.execute(text("DELETE FROM incident")).rowcount
            )


async def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    async with open_store(tmp_path):
        assert (tmp_path / "bot.db").stat().st_mode & 0o777 == 0o600


async def test_a_second_bot_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        done = await asyncio.to_thread(run, OPEN, tmp_path)
        assert f"another triagebot already runs on {tmp_path}/bot.db" in done.stderr
        assert f"(process {os.getpid()})" in done.stderr
        with pytest.raises(ConfigError, match="already runs"):
            open_database(f"sqlite:///{tmp_path}/bot.db")
        await open_incident(store)
    async with open_store(tmp_path) as store:
        assert len(await store.log.heads()) == 1


async def test_reading_works_beside_a_running_bot_and_never_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/bot.db"
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        async with Store.open(url, FakeClock(), read_only=True) as reader:
            assert len(await reader.log.load(incident)) == 1
            with pytest.raises(ConfigError, match="only to read"):
                await say(reader, incident, note())
            await say(store, incident, note())
            assert len(await reader.log.load(incident)) == 2
    async with Store.open(url, FakeClock(), read_only=True) as reader:
        assert len(await reader.log.load(incident)) == 2


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite:///file:x?mode=memory", "must name a file"),
        ("mysql://db/bot", "names mysql, which this version cannot store in"),
        ("triagebot.db", "no database address"),
        ("sqlite:////nowhere/at/all/bot.db", "does not exist"),
    ],
)
def test_an_address_that_will_not_do_is_said_plainly(url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        open_database(url)


def test_a_file_that_is_no_database_is_said_plainly(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    path.write_text("this is a letter, and not a database at all " * 50)
    for read_only in (False, True):
        with pytest.raises(ConfigError, match="not a database"):
            open_database(f"sqlite:///{path}", read_only=read_only)


def test_the_tables_of_another_program_are_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "bot.db")
    connection.execute("CREATE TABLE song (title TEXT)")
    connection.close()
    with pytest.raises(ConfigError, match="another program"):
        open_database(f"sqlite:///{tmp_path}/bot.db")


def test_reading_needs_a_database_that_was_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no database"):
        open_database(f"sqlite:///{tmp_path}/bot.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_reading_does_not_bring_an_old_schema_up(tmp_path: Path) -> None:
    (tmp_path / "bot.db").touch()
    with pytest.raises(ConfigError, match="older schema; start the bot once"):
        open_database(f"sqlite:///{tmp_path}/bot.db", read_only=True)


def test_a_folder_that_cannot_be_written_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "bot.db.lock").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        open_database(f"sqlite:///{tmp_path}/bot.db")


async def test_g05_a_newer_schema_is_refused(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.writer.submit(
            lambda tx: tx.run("UPDATE alembic_version SET version_num = '9999'").rowcount
        )
    for read_only in (False, True):
        with pytest.raises(ConfigError, match="newer triagebot"):
            open_database(f"sqlite:///{tmp_path}/bot.db", read_only=read_only)


def test_g05_the_revisions_are_those_of_alembic_in_one_line() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [REVISIONS[-1]]
    assert [revision.revision for revision in script.walk_revisions()] == list(REVISIONS)[::-1]


def test_g05_the_migrations_make_the_tables_that_the_code_declares() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade_schema(connection)
        context = MigrationContext.configure(connection, opts={"include_name": is_declared})
        assert compare_metadata(context, Stored.metadata) == []
    engine.dispose()


def test_g05_the_first_schema_can_be_taken_back() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade_schema(connection)
        from alembic import command

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        left = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        assert set(left.scalars()) <= {"alembic_version", "sqlite_sequence"}
    engine.dispose()


async def test_a_database_that_is_up_to_date_opens_without_alembic(tmp_path: Path) -> None:
    async with open_store(tmp_path):
        pass
    done = await asyncio.to_thread(run, f"{OPEN}; assert 'alembic' not in sys.modules", tmp_path)
    assert done.returncode == 0, done.stderr
