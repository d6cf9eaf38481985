"""A decision and what channels must be told of it are one write (E-15); cards close soon (E-45)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest

from bot.conversation.look import Look
from bot.conversation.outbox import Outbox
from bot.conversation.teller import Ledger
from bot.conversation.timing import Timing
from bot.incident.facts_action import DecisionMade
from bot.incident.views import ProposalView
from bot.ports import ConversationRow
from bot.store.tx import Tx
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.intake.clicking import button, click
from tests.channels.fake_channel import FakeChannel, answered
from tests.fakes import T0, FakeClock
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("each_database")
INCIDENTS = 20
CLOSED_WITHIN_S = 5.0
LOOK = Look(base_url="https://bot.example", version="triagebot")


class RunningClock(FakeClock):
    """A clock that runs on from where it was set."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = monotonic()

    def now(self) -> datetime:
        return T0 + timedelta(seconds=monotonic() - self._begun)


@asynccontextmanager
async def telling(house: House, *channels: FakeChannel) -> AsyncGenerator[None]:
    """Tell the channels as the running bot does, with its own timing."""
    ledger = Ledger(house.store.log, house.store.posts, house.world.clock)
    outbox = Outbox(ledger, channels, lambda _: LOOK, Timing())
    house.store.listen(outbox.wake)
    task = asyncio.create_task(outbox.run())
    try:
        yield
    finally:
        await outbox.stop()
        await task


def offers(channel: FakeChannel, view: ProposalView) -> bool:
    """True while the proposal's card lets somebody decide in this channel."""
    return any(
        control.verb in {"approve", "deny"}
        for message in channel.messages
        if view.proposal.id in message.key
        for control in message.card.controls
    )


async def test_e45_a_decision_in_one_channel_closes_the_card_in_all_others(
    tmp_path: Path,
) -> None:
    world = World(clock=RunningClock())
    world.acting.guarded = False
    channels = FakeChannel("one"), FakeChannel("two")
    took: list[float] = []
    async with open_house(tmp_path, world) as house, telling(house, *channels):
        incidents = [f"INC-{number + 1}" for number in range(INCIDENTS)]
        views = [await house.pending(incident) for incident in incidents]

        await until(lambda: all(offers(one, view) for one in channels for view in views))

        async def decide(number: int, view: ProposalView) -> None:
            verdict = ("approve", "deny")[number % 2]
            who = ("web:dana", "chat:U1")[number % 2]
            assert (await house.replies.reply(button(view, verdict, who))).kind == "done"
            begun = monotonic()
            await until(lambda: not any(offers(one, view) for one in channels))
            took.append(monotonic() - begun)

        await asyncio.gather(*(decide(number, view) for number, view in enumerate(views)))
    assert sorted(took)[int(INCIDENTS * 0.95) - 1] <= CLOSED_WITHIN_S, took


async def test_e45_a_card_that_could_not_be_closed_tells_the_truth_when_it_is_clicked(
    tmp_path: Path,
) -> None:
    world = World(clock=RunningClock())
    well, ill = FakeChannel("one"), FakeChannel("two")
    async with open_house(tmp_path, world) as house, telling(house, well, ill):
        view = await house.pending()
        await until(lambda: offers(well, view) and offers(ill, view))
        ill.failures = [answered(500)] * 1000
        assert (await click(house, "deny", "web:eve")).kind == "done"
        await until(lambda: not offers(well, view))
        assert offers(ill, view)
        late = await house.replies.reply(button(view, "approve", "chat:U1"))
        await house.drive(INC)
    assert late.kind == "already"
    assert "was denied by eve" in late.text
    assert world.shop.calls == []


async def told_all(house: House, *channels: str) -> None:
    """Note that every channel was told everything there is."""
    seq = (await house.state()).seq
    for channel in channels:
        await house.store.posts.save(ConversationRow(INC, channel, "a place", seq, None))


async def behind(house: House, *channels: str) -> list[list[str]]:
    now = house.world.clock.now()
    return [await house.store.posts.behind(channel, now) for channel in channels]


async def test_e15_what_channels_must_be_told_is_committed_with_the_decision(
    tmp_path: Path,
) -> None:
    """Nobody was woken, and the process is gone: the next one still finds it."""
    world = World()
    async with open_house(tmp_path, world) as house:
        await house.pending()
        await told_all(house, "one", "two")
        assert await behind(house, "one", "two") == [[], []]
        assert (await click(house)).kind == "done"
    async with open_house(tmp_path, world) as house:
        assert await behind(house, "one", "two") == [[INC], [INC]]
        assert len(await house.bodies(DecisionMade)) == 1


async def test_e15_a_decision_that_is_not_committed_tells_nobody_anything(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await told_all(house, "one")
        down = [True]

        def torn(tx: Tx, woken: frozenset[str]) -> None:
            _ = tx, woken
            if down:
                raise OSError("the disk is full")

        house.store.enlist(torn)
        outcome = await click(house)
        assert outcome.kind == "busy"
        assert "Nothing was decided" in outcome.text
        assert await behind(house, "one") == [[]]
        assert not await house.bodies(DecisionMade)
        down.clear()
        assert (await click(house)).kind == "done"
        assert len(await house.bodies(DecisionMade)) == 1
        assert await behind(house, "one") == [[INC]]


async def test_e15_a_channel_that_is_down_neither_loses_nor_doubles_a_decision(
    tmp_path: Path,
) -> None:
    world = World(clock=RunningClock())
    well, ill = FakeChannel("one"), FakeChannel("two")
    async with open_house(tmp_path, world) as house, telling(house, well, ill):
        view = await house.pending()
        await until(lambda: offers(well, view) and offers(ill, view))
        ill.failures = [answered(503, 0.1)] * 3
        assert (await click(house)).kind == "done"
        await until(lambda: not offers(ill, view))
        types = await house.types()
        cards = [message for message in ill.messages if view.proposal.id in message.key]
    assert types.count("DecisionMade") == types.count("ProposalApproved") == 1
    assert len(cards) == 1
