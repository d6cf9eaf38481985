"""What nobody can inspect is never approved, on each database (E-05)."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from bot.incident.facts_action import ActionProposed, ProposalUninspectable
from bot.incident.model import Value
from bot.incident.proposal import action_digest, digest
from tests import fakes
from tests.bot.engine.house import INC
from tests.bot.engine.making import GOOD
from tests.story.field.lives import Lives, card_of, click, sweep, verbs, views


@pytest.fixture(autouse=True)
def each_database(database_url: str, tmp_path: Path) -> Generator[None]:
    fakes.DATABASES[tmp_path] = database_url
    yield
    del fakes.DATABASES[tmp_path]


class Narrow(Value):
    job: Literal["rollback"]
    version: Literal["v40"]


class Wider(Value):
    job: str
    version: str = GOOD
    force: bool = True


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"tool_args": Narrow}, "job_run refuses its arguments: version"),
        ({"tool_args": Wider}, "job_run would be sent other arguments than it shows"),
        ({"has_action": False}, "the action job_run is not configured here"),
    ],
    ids=["refused", "wider", "gone"],
)
async def test_e05_what_an_upgrade_made_unreadable_is_never_approved(
    tmp_path: Path, change: dict[str, object], why: str
) -> None:
    lives = Lives(tmp_path)
    name = await lives.until_pending()
    lives.world = replace(lives.world, **change)  # pyright: ignore[reportArgumentType]
    async with lives.life() as house:
        await house.drive(INC)
        view = await house.view()
        (fact,) = await house.bodies(ProposalUninspectable)
        late = await house.replies.reply(click(view))
        card = await card_of(house, name)
        await sweep(house)
        assert (await house.view()).status == view.status == "uninspectable"
        (row,) = await house.store.incidents.decided()
    assert isinstance(fact, ProposalUninspectable)
    assert fact.why.startswith(why)
    assert (late.kind, row.status) == ("already", "uninspectable")
    assert card.state.startswith(f"cannot be read, so it cannot be approved: {why}")
    assert verbs(card) == []
    assert lives.world.shop.calls == []


@pytest.mark.parametrize(
    "value", ["v4\u202e1", "v41\x00", "v4\u200b1"], ids=["bidi", "nul", "zero"]
)
async def test_e05_what_nobody_can_see_is_not_approved_by_any_word(
    tmp_path: Path, value: str
) -> None:
    """Somebody wrote it into the log past the preparation; no card is needed to approve by word."""
    lives = Lives(tmp_path)
    await lives.until_pending()
    async with lives.life() as house:
        asked = (await house.view()).asked
        args = {"job": "rollback", "version": value}
        frozen = asked.proposal.model_copy(update={"id": "ZZZZ2222", "args": args})
        forged = asked.model_copy(
            update={
                "proposal": frozen,
                "digest": digest(frozen),
                "action_digest": action_digest(frozen),
            }
        )
        assert isinstance(forged, ActionProposed)
        await house.record(forged)
        at_once = await house.say("approve P-ZZZZ2222")
        await sweep(house)
        later = await house.say("approve P-ZZZZ2222")
        first, second = await views(house)
    assert (at_once.kind, later.kind) == ("refused", "already")
    assert "It cannot be approved: it holds a character that nobody can see" in at_once.text
    assert (first.status, second.status) == ("pending", "uninspectable")
    assert second.decisions == []


async def test_e32_a_preview_that_is_not_in_the_digest_is_never_approved(tmp_path: Path) -> None:
    """Somebody wrote other words into the log than the target had answered."""
    lives = Lives(tmp_path)
    await lives.until_pending()
    async with lives.life() as house:
        asked = (await house.view()).asked
        frozen = asked.proposal.model_copy(update={"id": "ZZZZ2222"})
        forged = asked.model_copy(
            update={"proposal": frozen, "digest": digest(frozen), "preview": "nothing changes"}
        )
        await house.record(forged)
        await sweep(house)
        _, second = await views(house)
    assert second.status == "uninspectable"
    assert second.why == "its preview is not the one that is in its digest"
