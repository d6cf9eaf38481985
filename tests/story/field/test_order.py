"""Alerts that come, go and come again while the bot investigates, asks and restarts (D-07)."""

from pathlib import Path

import pytest

from bot.conversation.cards import draw
from bot.conversation.teller import Ledger, Teller
from bot.conversation.timing import Timing
from bot.shelf import ToolResult
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import Looking, ProbeArgs, Scripted, conclude
from tests.channels.fake_channel import FakeChannel
from tests.story.field.lives import ALIVE, Lives, click, sweep, views

CYCLES = 30
KEY = f"g-{INC}"


async def flap(house: House, cycles: int) -> None:
    """Let the alert resolve and fire again every ten seconds, and the loop look each time."""
    for _ in range(cycles):
        for status in ("resolved", "firing"):
            house.world.clock.advance(10)
            await house.alarm("resolved" if status == "resolved" else "firing", key=KEY)
            await sweep(house)


async def test_d07_a_flapping_alert_does_not_open_investigate_or_notify_again_and_again(
    tmp_path: Path,
) -> None:
    model = Scripted([conclude()])
    world = World(model=model)
    channel = FakeChannel()
    async with open_house(tmp_path, world) as house:
        ledger = Ledger(house.store.log, house.store.posts, world.clock)
        timing = Timing(settle_s=0, edit_every_s=0)
        teller = Teller(channel, ledger, lambda state: draw(state, ALIVE), timing)
        await house.alarm(key=KEY)
        await house.say(f"ack {INC}")  # or those on call would rightly be called
        await sweep(house)
        for _ in range(3):
            await flap(house, 1)
            await teller.tell(INC)
        asked, said = len(model.asked), len(channel.messages)
        for _ in range(CYCLES):
            await flap(house, 1)
            await teller.tell(INC)
        state = await house.state()
        assert (state.incident.status, state.incident.reopened) == ("open", 3)
        assert (len(model.asked), len(channel.messages)) == (asked, said)
        assert asked == 4  # the first look, and one for each of the three cycles
        assert set(await house.store.log.heads()) == {INC}
        root = next(card for card in draw(state, ALIVE) if card.kind == "root")
        assert str(root.blocks).count("flapping:") == 1
        assert len(state.incident.alerts["g-INC-1"].refired_at) == 3


async def test_d07_what_flapped_resolves_once_it_kept_quiet_also_over_a_restart(
    tmp_path: Path,
) -> None:
    lives = Lives(tmp_path, World(model=Scripted([conclude()])))
    async with lives.life() as house:
        await house.alarm(key=KEY)
        await sweep(house)
        await flap(house, 4)
        lives.world.clock.advance(10)
        await house.alarm("resolved", key=KEY)
        await sweep(house)
        assert (await house.state()).incident.status == "open"
    lives.world.clock.advance(599)
    async with lives.life() as house:
        await sweep(house)
        assert (await house.state()).incident.status == "open"
        lives.world.clock.advance(1)
        await sweep(house)  # the alarm was set when it went quiet
        assert (await house.state()).incident.status == "resolved"
        lives.world.clock.advance(60)
        await sweep(house)
        assert (await house.types())[-1] == "IncidentClosed"


async def test_d07_it_fires_again_before_it_is_closed_and_after(tmp_path: Path) -> None:
    lives = Lives(tmp_path, World(model=Scripted([conclude()])))
    async with lives.life() as house:
        await house.alarm(key=KEY)
        await sweep(house)
        await house.alarm("resolved", key=KEY)
        await sweep(house)
        lives.world.clock.advance(30)
    async with lives.life() as house:
        assert await house.alarm(key=KEY) == INC
        await sweep(house)
        state = await house.state()
        assert (state.incident.status, state.run.number) == ("open", 2)
        lives.world.clock.advance(1)
        await house.alarm("resolved", key=KEY)
        await sweep(house)
        lives.world.clock.advance(60)
        await sweep(house)
        assert (await house.types())[-1] == "IncidentClosed"
        lives.world.clock.advance(1)
        assert await house.alarm(key=KEY) == "INC-2"
        assert (await house.types())[-1] == "IncidentClosed"


@pytest.mark.usefixtures("each_database")
async def test_e31_a_resolve_during_an_investigation_ends_it_and_asks_for_nothing(
    tmp_path: Path,
) -> None:
    lives = Lives(tmp_path)

    houses: list[House] = []

    class Resolving(Looking):
        """While it looks, the alert goes away."""

        async def run(self, args: ProbeArgs) -> ToolResult:
            await houses[0].alarm("resolved", key=KEY)
            return await super().run(args)

    lives.world.looking = Resolving(lives.world.shop)
    async with lives.life() as house:
        houses.append(house)
        await house.alarm(key=KEY)
        await sweep(house)
        assert (await house.state()).incident.status == "resolved"
        assert await views(house) == []
    assert lives.world.shop.calls == []


@pytest.mark.usefixtures("each_database")
async def test_e31_a_resolve_withdraws_what_waits_and_a_click_comes_too_late(
    tmp_path: Path,
) -> None:
    lives = Lives(tmp_path)
    await lives.until_pending()
    async with lives.life() as house:
        await house.alarm("resolved", key=KEY)
        await sweep(house)
        view = await house.view()
        assert (view.status, view.why) == (
            "withdrawn",
            "the incident resolved before it was needed",
        )
        outcome = await house.replies.reply(click(view))
        assert (outcome.kind, "withdrawn" in outcome.text) == ("already", True)
        await sweep(house)
    assert lives.world.shop.calls == []


@pytest.mark.usefixtures("each_database")
async def test_e31_a_resolve_between_the_click_and_the_action_stops_the_action(
    tmp_path: Path,
) -> None:
    lives = Lives(tmp_path)
    async with lives.life() as house:
        await house.pending()
        assert (await house.approve()).kind == "done"
        await house.alarm("resolved", key=KEY)
    async with lives.life() as house:
        await sweep(house)
        assert (await house.view()).status == "withdrawn"
    assert lives.world.shop.calls == []


@pytest.mark.usefixtures("each_database")
async def test_e13_a_clock_that_was_set_back_gives_an_approval_no_second_life(
    tmp_path: Path,
) -> None:
    """The newest event says that the time was over, whatever the clock says now."""
    lives = Lives(tmp_path)
    await lives.until_pending()
    lives.world.clock.advance(1801)
    async with lives.life() as house:
        view = await house.view()
        await house.say(f"note {INC} we were at lunch")
        lives.world.clock.advance(-3600)
        outcome = await house.replies.reply(click(view))
        assert "has expired" in outcome.text
        await sweep(house)
        assert (await house.view()).status == "expired"
        times = [event.at for event in await house.events()]
        assert times == sorted(times)
        assert (await house.say(f"renew P-{view.proposal.id}")).kind == "done"
        await sweep(house)
        assert [one.status for one in await views(house)] == ["expired", "pending"]
