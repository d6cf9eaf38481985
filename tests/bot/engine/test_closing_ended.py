"""What ends a proposal takes its buttons away in every channel, whoever or whatever ended it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.test_closing_cards import RunningClock, offers, telling
from tests.bot.intake.clicking import button
from tests.channels.fake_channel import FakeChannel
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("each_database")
Ending = Callable[[House], Awaitable[object]]


async def resolved(house: House) -> None:
    await house.alarm("resolved", key=f"g-{INC}")
    await house.drive(INC)


async def merged(house: House) -> None:
    await house.alarm(key="another", pod="another")
    await house.say(f"merge {INC} INC-2")
    await house.drive(INC)


async def closed(house: House) -> None:
    await house.say(f"close {INC} it was a drill")
    await house.drive(INC)


@pytest.mark.parametrize("end", [resolved, merged, closed])
async def test_e31_what_is_withdrawn_is_closed_in_every_channel(
    tmp_path: Path, end: Ending
) -> None:
    world = World(clock=RunningClock())
    channels = FakeChannel("one"), FakeChannel("two")
    async with open_house(tmp_path, world) as house, telling(house, *channels):
        view = await house.pending()
        await until(lambda: all(offers(one, view) for one in channels))
        await end(house)
        assert (await house.view()).status == "withdrawn"
        await until(lambda: not any(offers(one, view) for one in channels))
        late = await house.replies.reply(button(view))
        await house.drive(INC)
    assert late.kind == "already"
    assert "withdrawn" in late.text
    assert world.shop.calls == []
