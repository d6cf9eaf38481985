"""The operator's token decides, settles and runs nothing once somebody else may."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.incident.authority import Person
from bot.incident.facts_action import (
    ActionReconciled,
    ActionStarted,
    ActionUnknown,
    DecisionRefused,
    ProposalSuperseded,
)
from bot.knowledge.people import OPERATOR, People
from bot.ports import Outcome, Reply
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import DANA, MALLORY
from tests.bot.intake.clicking import button


async def refusals(house: House) -> list[DecisionRefused]:
    return [f for f in await house.bodies(DecisionRefused) if isinstance(f, DecisionRefused)]


OPERATED = OPERATOR.model_copy(update={"groups": ("sre",)})


async def as_operator(house: House, verdict: str = "approve") -> Outcome:
    reply = button(await house.view(), verdict, who="api:operator")
    return await house.replies.reply(replace(reply, person="operator"))


@pytest.mark.parametrize("verdict", ["approve", "deny"])
async def test_the_operators_token_decides_nothing_once_somebody_else_may(
    tmp_path: Path, verdict: str
) -> None:
    async with open_house(tmp_path, World()) as house:
        house.world.team.people = People((OPERATED, DANA))
        await house.pending()
        outcome = await as_operator(house, verdict)
        (refused,) = await refusals(house)
        assert (await house.view()).status == "pending"
        pause = Reply("api:operator", "api", "", "command", text="pause", person="operator")
        assert (await house.replies.reply(pause)).kind == "done"
    assert outcome.kind == "refused"
    assert "Sign in as yourself: triagebot people link NAME" in outcome.text
    assert refused.why == outcome.text


@pytest.mark.parametrize(
    "others",
    [(), (MALLORY,), (DANA.model_copy(update={"active": False}),)],
    ids=["alone", "powerless", "inactive"],
)
async def test_the_operator_decides_while_nobody_else_may(
    tmp_path: Path, others: tuple[Person, ...]
) -> None:
    async with open_house(tmp_path, World()) as house:
        house.world.team.people = People((OPERATED, *others))
        await house.pending()
        assert (await as_operator(house)).kind == "done"


async def test_an_approval_by_the_operator_counts_no_more_once_somebody_else_may(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, World()) as house:
        house.world.team.people = People((OPERATED,))
        await house.pending()
        assert (await as_operator(house)).kind == "done"
        house.world.team.people = People((OPERATED, DANA))
        await house.drive(INC)
        (gone,) = await house.bodies(ProposalSuperseded)
        assert house.world.shop.calls == []
    assert isinstance(gone, ProposalSuperseded)
    assert "the approval by operator no longer counts" in gone.why


async def test_the_operator_settles_no_unknown_outcome_once_somebody_else_may(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, World()) as house:
        house.world.team.people = People((OPERATED, DANA))
        view = await house.pending()
        assert (await house.approve()).kind == "done"
        asked = view.proposal
        started = ActionStarted(
            proposal=asked.id,
            digest=view.asked.digest,
            attempt="a1",
            nonce="n",
            not_after=asked.expires_at,
            preconditions=(),
        )
        await house.record(started, ActionUnknown(attempt="a1", why="killed"))
        text = f"reconcile P-{asked.id} worked I looked at it"
        reply = Reply("api:operator", "api", "", "command", text=text, person="operator")
        outcome = await house.replies.reply(reply)
        assert await house.bodies(ActionReconciled) == []
        assert (await house.say(text)).kind == "done"
    assert outcome.kind == "refused"
    assert "not settled: the operator's token decides nothing here" in outcome.text
