"""A bot's loop and outbox at their own pace, over a clock that can be set forward."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from bot.conversation.outbox import Outbox
from bot.conversation.teller import Ledger
from bot.engine.embedded import Embedded
from bot.incident.card import Card
from tests.bot.engine.house import House
from tests.channels.fake_channel import FakeChannel
from tests.fakes import FakeClock
from tests.story.field.lives import ALIVE, verbs


class Moving(FakeClock):
    """A clock that goes on by itself and can be set forward: every pause is as long as it is."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=time.monotonic() - self._began)


@asynccontextmanager
async def alive(house: House, channel: FakeChannel) -> AsyncGenerator[None]:
    """Run the dispatcher and the outbox at their own pace, woken by commits as a bot's are."""
    clock = house.world.clock
    driving = Embedded(house.store.log, clock, house.drive)
    ledger = Ledger(house.store.log, house.store.posts, clock)
    outbox = Outbox(ledger, [channel], lambda _: ALIVE)

    def committed(streams: frozenset[str]) -> None:
        for stream in streams:
            driving.wake(stream)
        outbox.wake(streams)

    house.store.listen(committed)
    tasks = [asyncio.create_task(driving.run()), asyncio.create_task(outbox.run())]
    try:
        yield
    finally:
        await driving.stop(10)
        await outbox.stop()
        await asyncio.gather(*tasks)


def shown(channel: FakeChannel, revision: int = 1) -> Card | None:
    """The newest look of a revision's card, as readers of the channel see it."""
    found = [one.card for one in channel.messages if one.card.kind == "proposal"]
    return next((card for card in found if card.key.endswith(f":{revision}")), None)


def cards(channel: FakeChannel) -> set[str]:
    return {one.key for one in channel.messages if one.card.kind == "proposal"}


def has(channel: FakeChannel, verb: str, revision: int = 1) -> bool:
    card = shown(channel, revision)
    return card is not None and verb in verbs(card)
