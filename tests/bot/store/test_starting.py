"""No intent is committed while the bot is paused, or while its target is changed."""

from pathlib import Path

import pytest

from bot.errors import BusyError
from bot.incident.fact import HOUSE
from bot.incident.facts_house import BotPaused, BotResumed
from bot.store.rebuild import rebuild_tables
from bot.store.store import Store, StoreLimits
from tests.bot.store.examples import (
    approved,
    decided,
    finished,
    open_incident,
    proposal,
    proposed,
    say,
    started,
)
from tests.fakes import FakeClock, open_store


async def allowed(store: Store, identifier: str, target: str = "the checkout") -> str:
    """Return an incident with an approved proposal."""
    incident = await open_incident(store)
    made = proposal(incident, identifier).model_copy(update={"target": target})
    await say(store, incident, proposed(made), decided(made), approved(made))
    return incident


async def start(store: Store, incident: str, identifier: str, target: str = "the checkout") -> None:
    made = proposal(incident, identifier).model_copy(update={"target": target})
    await say(store, incident, started(made, f"nonce of {identifier}"))


@pytest.mark.usefixtures("each_database")
async def test_e35_an_action_does_not_start_once_a_pause_was_committed(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await allowed(store, "7GQ2MZ4K")
        await say(store, HOUSE, BotPaused(by="dana"))
        for _ in range(2):
            with pytest.raises(BusyError, match="paused by dana"):
                await start(store, incident, "7GQ2MZ4K")
            await store.writer.submit(rebuild_tables)
        await say(store, HOUSE, BotResumed(by="dana"))
        await start(store, incident, "7GQ2MZ4K")


@pytest.mark.usefixtures("each_database")
async def test_e34_a_target_is_changed_by_one_action_at_a_time(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        first, second = await allowed(store, "7GQ2MZ4K"), await allowed(store, "9ABCDEFG")
        elsewhere = await allowed(store, "8ABCDEFG", "the cart")
        await start(store, first, "7GQ2MZ4K")
        for _ in range(2):
            with pytest.raises(BusyError, match="P-7GQ2MZ4K is changing"):
                await start(store, second, "9ABCDEFG")
            await store.writer.submit(rebuild_tables)
        await start(store, elsewhere, "8ABCDEFG", "the cart")
        await say(store, first, finished(proposal(first, "7GQ2MZ4K")))
        await start(store, second, "9ABCDEFG")


async def test_e34_two_processes_do_not_change_one_target_at_once(postgresql_url: str) -> None:
    async with (
        Store.open(postgresql_url, FakeClock()) as one,
        Store.open(postgresql_url, FakeClock()) as other,
    ):
        first, second = await allowed(one, "7GQ2MZ4K"), await allowed(other, "9ABCDEFG")
        await start(one, first, "7GQ2MZ4K")
        with pytest.raises(BusyError, match="is changing"):
            await start(other, second, "9ABCDEFG")
        await say(other, HOUSE, BotPaused(by="dana"))
        await say(one, first, finished(proposal(first, "7GQ2MZ4K")))
        with pytest.raises(BusyError, match="paused by dana"):
            await start(one, second, "9ABCDEFG")


NAMES = ("7GQ2MZ4K", "8ABCDEFG", "9ABCDEFG", "AABCDEFG")


@pytest.mark.usefixtures("each_database")
async def test_e34_only_so_many_actions_run_at_once(tmp_path: Path) -> None:
    async with open_store(tmp_path, limits=StoreLimits(actions_at_once=3)) as store:
        incidents = [await allowed(store, name, name) for name in NAMES]
        for incident, name in zip(incidents[:3], NAMES[:3], strict=True):
            await start(store, incident, name, name)
        for _ in range(2):
            with pytest.raises(BusyError, match="3 actions run already, and no more than 3 may"):
                await start(store, incidents[3], NAMES[3], NAMES[3])
            await store.writer.submit(rebuild_tables)
        await say(store, incidents[0], finished(proposal(incidents[0], NAMES[0])))
        await start(store, incidents[3], NAMES[3], NAMES[3])


async def test_e34_all_processes_together_run_only_so_many_actions(postgresql_url: str) -> None:
    limits = StoreLimits(actions_at_once=1)
    async with (
        Store.open(postgresql_url, FakeClock(), limits) as one,
        Store.open(postgresql_url, FakeClock(), limits) as other,
    ):
        first = await allowed(one, NAMES[0], NAMES[0])
        second = await allowed(other, NAMES[1], NAMES[1])
        await start(one, first, NAMES[0], NAMES[0])
        with pytest.raises(BusyError, match="no more than 1 may"):
            await start(other, second, NAMES[1], NAMES[1])
        await say(one, first, finished(proposal(first, NAMES[0])))
        await start(other, second, NAMES[1], NAMES[1])
