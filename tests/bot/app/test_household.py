from pathlib import Path

import pytest

from bot.app.household import Household
from bot.incident.fact import HOUSE, Fact
from bot.incident.facts_house import BotPaused, BotResumed
from bot.ports import Draft
from bot.store.store import Store
from tests.fakes import open_store


async def say(store: Store, fact: Fact) -> None:
    await store.log.record(HOUSE, lambda _: Draft("web:dana", (fact,)))


@pytest.mark.usefixtures("each_database")
async def test_e35_the_kill_switch_closes_and_opens(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        household = Household(store.log, read_only=False)
        assert household.closed() == ""
        await say(store, BotPaused(by="dana", reason="sale"))
        await household.refresh()
        assert household.paused
        assert "dana" in household.closed()
        await say(store, BotResumed(by="dana"))
        await household.refresh()
        assert household.closed() == ""


@pytest.mark.usefixtures("each_database")
async def test_e35_read_only_by_setting_is_closed_whatever_the_log_says(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        household = Household(store.log, read_only=True)
        await say(store, BotResumed(by="dana"))
        await household.refresh()
        assert "TRIAGE_READ_ONLY" in household.closed()


@pytest.mark.usefixtures("each_database")
async def test_e35_the_switch_survives_a_restart(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await say(store, BotPaused(by="dana"))
    async with open_store(tmp_path) as store:
        household = Household(store.log, read_only=False)
        await household.refresh()
        assert household.paused
