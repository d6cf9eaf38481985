"""Strangers may ask for links; what that writes into the log is bounded, however they ask."""

import asyncio
from pathlib import Path

from bot.incident.fact import HOUSE
from bot.incident.facts_house import LinkIssued
from bot.intake.linking import OPEN_PER_ACTOR
from bot.ports import Reply
from tests.bot.engine.house import World, open_house


def asks(who: str) -> Reply:
    return Reply(who, who.partition(":")[0], "", "command", text="link")


async def test_e25_a_stranger_who_asks_many_times_at_once_gets_no_more_links(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, World()) as house:
        asked = (house.replies.reply(asks("slack:T1/U9")) for _ in range(30))
        kinds = [outcome.kind for outcome in await asyncio.gather(*asked)]
        events = await house.events(HOUSE)
    issued = [event for event in events if isinstance(event.body, LinkIssued)]
    assert len(issued) == kinds.count("done") <= OPEN_PER_ACTOR
