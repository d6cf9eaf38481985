"""What `db stats` and `db rebuild` say of a database."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from bot.app.database import rebuild_database, stats_lines
from bot.errors import ConfigError
from bot.settings import Settings
from bot.store.db import parse_url
from bot.store.postgresql import living_server
from bot.store.store import Store
from bot.store.stored import Stored
from tests.bot.app.test_retention import alarm
from tests.bot.store.derived import derived
from tests.bot.store.examples import close_incident
from tests.fakes import FakeClock, open_store
from tests.waiting import until


async def test_stats_count_every_table_and_say_what_retention_would_delete(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        await close_incident(store, await alarm(store, "d1", "g1", size=100))
        await alarm(store, "d2", "g2", size=50)
        nothing = await stats_lines(store, Settings(), clock)
        clock.advance(31 * 86400)
        lines = await stats_lines(store, Settings(), clock)
    assert nothing[-1] == "retention      would delete now: nothing"
    assert lines[-1].endswith(
        "the bytes of 1 raw delivery and 0 pieces of evidence, 100 bytes in all"
    )
    rows = {line.split()[0]: line.split()[1:] for line in lines[1:-5]}
    assert set(rows) == set(Stored.metadata.tables)
    assert rows["delivery"][0] == "2"
    assert int(rows["delivery"][1]) > 150
    assert rows["event"][2:] == ["2025-03-01", "12:00:00", "to", "2025-03-01", "12:00:00"]
    assert rows["post"] == ["0", "0"]
    assert "streams        2" in lines
    assert any(line.startswith("bodies         150 bytes") for line in lines)


async def test_rebuild_brings_back_what_somebody_deleted(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        await alarm(store, "d1", "g1")
        await close_incident(store, await alarm(store, "d2", "g2"))
        before = await derived(store)
        await store.writer.submit(
            lambda tx: tx.connection.execute(text("DELETE FROM incident")).rowcount
        )
    url = SecretStr(f"sqlite:///{tmp_path}/bot.db")
    settings = Settings().model_copy(update={"database_url": url})
    said = await rebuild_database(settings, clock)
    assert said == "every list and index is made anew from 2 streams of the log"
    async with open_store(tmp_path, clock) as store:
        assert await derived(store) == before


async def test_rebuild_refuses_on_postgresql_beside_a_living_process(postgresql_url: str) -> None:
    clock = FakeClock()
    url = SecretStr(postgresql_url)
    settings = Settings().model_copy(update={"database_url": url})
    async with Store.open(postgresql_url, clock) as store:
        await alarm(store, "d1", "g1")
        with pytest.raises(ConfigError, match="stop every process of it first"):
            await rebuild_database(settings, clock)
    await until(lambda: not living_server(parse_url(postgresql_url)))
    assert (await rebuild_database(settings, clock)).endswith("from 1 streams of the log")
