"""What a pause held back goes on after it, whoever in the process heard of its end first."""

import asyncio
from pathlib import Path

import pytest

from bot.app.bot import Bot
from bot.errors import BusyError
from bot.incident.fact import HOUSE
from bot.incident.facts_house import BotPaused, BotResumed
from bot.incident.house import House
from bot.ports import Draft, Filter
from tests.bot.app.scene import Place, process
from tests.bot.store.examples import open_incident
from tests.waiting import until


def looks_under_way() -> list[str]:
    """Return the looks that commits began and that have not ended."""
    names = (getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks())
    return [name for name in names if name == "Bot._look_until_seen"]


async def pause_and_resume(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pause, which the bot sees, and resume, which it has not looked at yet."""

    heard = list[str]()

    async def deaf() -> None:
        """Stand for a notification that is late."""
        heard.append("late")

    await bot.store.log.record(HOUSE, lambda _: Draft("web:dana", (BotPaused(by="dana"),)))
    await until(lambda: bot.household.paused)
    await until(lambda: not looks_under_way())  # one that reads late would see the resume
    await bot.look()
    with monkeypatch.context() as late:
        late.setattr(bot, "look", deaf)
        await bot.store.log.record(HOUSE, lambda _: Draft("web:dana", (BotResumed(by="dana"),)))
        await until(lambda: bool(heard))
    await until(lambda: not bot.dispatcher.busy)


async def test_e35_what_a_pause_held_back_is_woken_though_a_page_heard_of_its_end_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with process(Place(tmp_path)) as scene:
        bot, woken = scene.bot, list[str]()
        incident = await open_incident(bot.store)
        await pause_and_resume(bot, monkeypatch)
        await bot.household.refresh()  # as a page does, or the watcher
        monkeypatch.setattr(bot.dispatcher, "wake", woken.append)
        await bot.look()
        assert woken == [incident]
        await bot.look()
        assert woken == [incident]


async def test_e35_a_resume_is_seen_to_again_when_the_database_was_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with process(Place(tmp_path)) as scene:
        bot, woken = scene.bot, list[str]()
        incident = await open_incident(bot.store)

        async def away(_where: Filter) -> None:
            raise BusyError("the database did not answer")

        await pause_and_resume(bot, monkeypatch)
        with monkeypatch.context() as broken:
            broken.setattr(bot.store.incidents, "page", away)
            with pytest.raises(BusyError):
                await bot.look()
        monkeypatch.setattr(bot.dispatcher, "wake", woken.append)
        await bot.look()
        assert woken == [incident]


async def test_e35_a_pause_that_could_not_be_read_is_read_until_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with process(Place(tmp_path)) as scene:
        bot, tried = scene.bot, list[str]()
        refresh = bot.household.refresh

        async def away() -> House:
            tried.append("")
            if len(tried) < 3:
                raise BusyError("the database did not answer")
            return await refresh()

        monkeypatch.setattr(bot.household, "refresh", away)
        await bot.store.log.record(HOUSE, lambda _: Draft("web:dana", (BotPaused(by="dana"),)))
        await until(lambda: bot.household.paused)
        assert caplog.text.count("could not be read; tried again") == 1
