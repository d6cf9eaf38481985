"""Several channels at once: a wake-up tells all, and none waits for another."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

from bot.conversation.outbox import Outbox
from bot.conversation.teller import Ledger
from bot.conversation.timing import Timing
from bot.errors import BusyError
from bot.incident.fact import HOUSE, Fact
from bot.incident.reducer import fold
from tests.bot.conversation.fakes import FakeLog, FakePosts
from tests.bot.conversation.situations import LOOK, beginning, concluded, whole_story
from tests.bot.incident.making import alert, received
from tests.channels.fake_channel import FakeChannel, answered
from tests.fakes import FakeClock
from tests.waiting import until

QUICK = Timing(call_s=0.05, sweep_s=0.01, settle_s=0, breath_s=0, edit_every_s=0, slots=2)


class Scene:
    """An outbox over fakes, woken by the log as the real one is."""

    def __init__(self, *channels: FakeChannel, timing: Timing = QUICK) -> None:
        self.clock = FakeClock()
        self.log = FakeLog(self.clock)
        self.posts = FakePosts(self.log)
        ledger = Ledger(self.log, self.posts, self.clock)
        self.outbox = Outbox(ledger, channels, lambda _: LOOK, timing)
        self.log.listeners.append(self.outbox.wake)

    def add(self, incident: str, *facts: Fact) -> None:
        self.log.add(incident, *facts)


@asynccontextmanager
async def running(scene: Scene) -> AsyncGenerator[None]:
    task = asyncio.create_task(scene.outbox.run())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        await scene.outbox.stop()
        await task


async def test_every_channel_is_told_of_every_incident() -> None:
    one, two = FakeChannel("one"), FakeChannel("two")
    scene = Scene(one, two)
    async with running(scene):
        for number in range(1, 8):
            scene.add(f"INC-{number}", *beginning())
        await until(lambda: len(one.messages) == 7 and len(two.messages) == 7)
    assert {message.key for message in one.messages} == {f"INC-{n}/root" for n in range(1, 8)}


async def test_waking_twice_says_nothing_twice() -> None:
    channel = FakeChannel()
    scene = Scene(channel)
    async with running(scene):
        scene.add("INC-1", *whole_story())
        for _ in range(50):
            scene.outbox.wake(frozenset({"INC-1"}))
        await until(lambda: len(channel.messages) == 7)
        for _ in range(50):
            scene.outbox.wake(frozenset({"INC-1", HOUSE}))
            await asyncio.sleep(0)
    assert len(channel.messages) == 7


async def test_a_lost_wake_up_is_found_by_the_sweep() -> None:
    channel = FakeChannel()
    scene = Scene(channel)
    scene.log.listeners.clear()
    async with running(scene):
        scene.add("INC-1", *beginning())
        await until(lambda: len(channel.messages) == 1)


async def test_what_was_said_before_the_start_is_told_after_it() -> None:
    channel = FakeChannel()
    scene = Scene(channel)
    scene.add("INC-1", *beginning())
    async with running(scene):
        await until(lambda: len(channel.messages) == 1)


async def test_a_channel_that_hangs_holds_up_no_other() -> None:
    stuck, well = FakeChannel("stuck", gate=asyncio.Event()), FakeChannel("well")
    scene = Scene(stuck, well, timing=Timing(call_s=60, sweep_s=0.01, settle_s=0, breath_s=0))
    task = asyncio.create_task(scene.outbox.run())
    for number in range(1, 6):
        scene.add(f"INC-{number}", *beginning())
    await until(lambda: len(well.messages) == 5)
    assert stuck.messages == []
    assert stuck.gate is not None
    stopping = asyncio.create_task(scene.outbox.stop())
    await asyncio.sleep(0)
    assert not task.done()
    stuck.gate.set()
    await stopping
    await task
    assert len(stuck.messages) == 4


async def test_a_channel_that_fails_is_named_and_the_other_carries_on() -> None:
    bad = FakeChannel("bad", failures=[answered(403) for _ in range(99)])
    good = FakeChannel("good")
    scene = Scene(bad, good)
    async with running(scene):
        scene.add("INC-1", *whole_story())
        await until(lambda: len(good.messages) == 7)
        await until(lambda: "bad" in fold(scene.log.streams["INC-1"]).incident.broken)
        await until(lambda: "bad: fake: HTTP 403" in str(good.messages[0].card.facts))
        assert set(scene.outbox.hurt()) == {"bad"}
    assert len(good.messages) == 7


async def test_a_failure_is_tried_again_when_its_time_has_come() -> None:
    channel = FakeChannel(failures=[answered(503)])
    scene = Scene(channel)
    async with running(scene):
        scene.add("INC-1", *beginning())
        await until(lambda: "fake" in scene.outbox.hurt())
        assert channel.messages == []
        scene.clock.advance(1)
        await until(lambda: len(channel.messages) == 1)
        await until(lambda: not scene.outbox.hurt())


async def test_a_bug_in_a_channel_stops_neither_it_nor_the_bot() -> None:
    class Buggy(FakeChannel):
        async def find(self, address: str, key: str) -> str | None:
            raise ZeroDivisionError

    channel = Buggy(failures=[answered(503)])
    scene = Scene(channel)
    async with running(scene):
        scene.add("INC-1", *beginning())
        await until(lambda: channel.calls == ["open"])
        scene.add("INC-2", *beginning())
        await until(lambda: len(channel.messages) == 1)
        scene.clock.advance(1)
        await asyncio.sleep(0.02)
    assert [message.key for message in channel.messages] == ["INC-2/root"]


async def test_a_database_that_is_away_is_asked_again() -> None:
    channel = FakeChannel()
    scene = Scene(channel)
    scene.log.busy = True
    async with running(scene):
        scene.add("INC-1", *beginning())
        await asyncio.sleep(0.01)
        scene.log.busy = False
        scene.clock.advance(1)
        await until(lambda: len(channel.messages) == 1)


async def test_a_memory_that_is_away_stops_no_lane() -> None:
    class Away(FakePosts):
        away = True

        async def behind(self, channel: str, now: datetime, limit: int = 200) -> list[str]:
            if self.away:
                raise BusyError("the database is away")
            return await super().behind(channel, now, limit)

    channel = FakeChannel()
    scene = Scene(channel)
    posts = Away(scene.log)
    ledger = Ledger(scene.log, posts, scene.clock)
    scene.outbox = Outbox(ledger, [channel], lambda _: LOOK, QUICK)
    scene.log.listeners.clear()
    async with running(scene):
        scene.add("INC-1", *beginning())
        await asyncio.sleep(0.02)
        assert channel.messages == []
        posts.away = False
        await until(lambda: len(channel.messages) == 1)


async def test_a_burst_is_one_look() -> None:
    channel = FakeChannel()
    scene = Scene(channel, timing=Timing(settle_s=0, sweep_s=0.01, edit_every_s=0, breath_s=0.2))
    async with running(scene):
        scene.add("INC-1", *beginning())
        await until(lambda: len(channel.messages) == 1)
        for number in range(40):
            scene.add("INC-1", received(alert(fingerprint=f"n{number}")))
            await asyncio.sleep(0)
        assert channel.messages[0].edits == 0
        scene.clock.advance(0.2)
        await until(lambda: channel.messages[0].edits == 1)
    assert "42 alerts firing" in str(channel.messages[0].card.blocks)


async def test_the_first_card_goes_out_as_soon_as_the_context_is_there() -> None:
    channel = FakeChannel()
    scene = Scene(channel, timing=Timing(sweep_s=0.01))
    async with running(scene):
        scene.add("INC-1", *beginning()[:2])
        await asyncio.sleep(0.01)
        assert channel.messages == []
        scene.add("INC-1", *beginning()[2:])
        await until(lambda: len(channel.messages) == 1)


async def test_pages_ask_the_outbox_for_the_same_cards() -> None:
    scene = Scene(FakeChannel("one"), FakeChannel("two"))
    scene.add("INC-1", *beginning(), concluded())
    cards = scene.outbox.cards(fold(scene.log.streams["INC-1"]))
    assert [card.kind for card in cards] == ["root", "finding"]
    assert scene.outbox.names == ("one", "two")


async def test_stopping_what_never_ran_returns_at_once() -> None:
    await Scene(FakeChannel()).outbox.stop()
