"""A proposal whose stored bytes cannot be read is approved by nobody and never runs (E-05)."""

from pathlib import Path

import pytest

from bot.errors import BotError
from bot.incident.facts_action import ActionStarted, DecisionMade
from tests.bot.engine.house import INC, House, World, approved, open_house
from tests.bot.engine.tampering import tamper
from tests.bot.intake.clicking import button

pytestmark = pytest.mark.usefixtures("each_database")

TORN = [
    pytest.param(b'"risk":"medium"', b'"risk":"medikm"', id="no-such-risk"),
    pytest.param(b'"revision":1', b'"revision":"', id="no-json"),
    pytest.param(b'"target":"checkout"', b'"tarqet":"checkout"', id="no-such-field"),
    pytest.param(b'"action":', b'"\xff\xfeon":', id="no-text"),
]


async def answered(house: House, who: str, text: str) -> str:
    """Return the kind of what came of a word; the kind of error when it was refused by one."""
    try:
        return (await house.say(text, who)).kind
    except BotError as error:
        return type(error).__name__


async def driven(house: House) -> None:
    try:
        await house.drive(INC)
    except BotError:
        return


@pytest.mark.parametrize(("old", "new"), TORN)
async def test_e05_what_cannot_be_decoded_is_approved_by_nobody(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        view = await house.pending()
    assert tamper(tmp_path, old, new)
    async with open_house(tmp_path, world) as house:
        await driven(house)
        said = await answered(house, "web:dana", f"approve P-{view.proposal.id}")
        try:
            clicked = (await house.replies.reply(button(view))).kind
        except BotError as error:
            clicked = type(error).__name__
        await driven(house)
    assert "done" not in {said, clicked}
    assert world.shop.calls == []
    assert tamper(tmp_path, new, old)
    async with open_house(tmp_path, world) as house:
        assert not await house.bodies(DecisionMade)
        assert (await house.view()).status == "pending"


@pytest.mark.parametrize(("old", "new"), TORN)
async def test_e05_what_was_approved_and_can_be_decoded_no_more_does_not_run(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        assert tamper(tmp_path, old, new)
        await driven(house)
    async with open_house(tmp_path, world) as house:
        await driven(house)
    assert world.shop.calls == []
    assert tamper(tmp_path, new, old)
    async with open_house(tmp_path, world) as house:
        assert not await house.bodies(ActionStarted)
