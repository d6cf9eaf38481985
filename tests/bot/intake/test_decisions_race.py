import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from bot.incident.authority import Person
from bot.incident.reducer import State
from bot.knowledge.people import People
from bot.ports import Draft, Outcome, Recorded, Refusal
from tests.bot.engine.house import INC, World, Wrapped, open_house, replies
from tests.bot.engine.making import DANA, EVE, LAX, MALLORY
from tests.bot.intake.clicking import button, click

pytestmark = pytest.mark.usefixtures("each_database")

TEAM = tuple(
    Person(
        name=f"p{number}",
        groups=("sre",),
        identities=(f"web:p{number}", f"chat:p{number}", f"mail:p{number}"),
    )
    for number in range(25)
)
Verdict = Literal["approve", "deny"]


async def race(folder: Path, first: Verdict) -> tuple[World, list[Outcome], list[str]]:
    """Fifty decisions at once, from 25 persons over three channels, two of each person."""
    world = World()
    world.team.people = People((DANA, EVE, MALLORY, *TEAM))
    async with open_house(folder, world) as house:
        await house.pending()
        verdicts: list[Verdict] = ["approve", "deny"]
        start = verdicts.index(first)
        clicks = [
            click(
                house,
                verdicts[(start + number) % 2],
                f"{('web', 'chat', 'mail')[number % 3]}:p{number // 2}",
            )
            for number in range(50)
        ]
        outcomes = await asyncio.gather(*clicks, house.drive(INC))
        await house.drive(INC)
        told = [outcome for outcome in outcomes if outcome is not None]
        return world, told, await house.types()


@pytest.mark.parametrize("first", ["approve", "deny"])
async def test_e10_of_fifty_decisions_at_once_one_settles_it(
    tmp_path: Path, first: Verdict
) -> None:
    world, outcomes, types = await race(tmp_path, first)
    kinds = [outcome.kind for outcome in outcomes]
    assert len(outcomes) == 50
    assert (kinds.count("done"), kinds.count("already")) == (1, 49)
    assert types.count("DecisionMade") == 1
    assert types.count("ProposalApproved") + types.count("ProposalDenied") == 1
    assert len(world.shop.calls) == types.count("ProposalApproved")
    assert types.count("ActionStarted") == types.count("ProposalApproved")
    winner = outcomes[kinds.index("done")]
    word = "approved" if "is approved" in winner.text else "denied"
    for outcome in outcomes:
        if outcome is not winner:
            assert f"was {word} by p" in outcome.text
            assert "12:00:00 UTC" in outcome.text


async def test_e10_fifty_approvals_over_three_channels_are_one_execution(tmp_path: Path) -> None:
    world = World()
    world.team.people = People((DANA, EVE, MALLORY, *TEAM))
    async with open_house(tmp_path, world) as house:
        await house.pending()
        clicks = [
            click(house, "approve", f"{('web', 'chat', 'mail')[number % 3]}:p{number // 2}")
            for number in range(50)
        ]
        outcomes = await asyncio.gather(*clicks)
        await asyncio.gather(*(house.drive(INC) for _ in range(3)), return_exceptions=True)
        types = await house.types()
    kinds = [outcome.kind for outcome in outcomes]
    assert (kinds.count("done"), kinds.count("already")) == (1, 49)
    winner = outcomes[kinds.index("done")]
    for outcome in outcomes:
        assert outcome is winner or "was approved by p" in outcome.text or "already" in outcome.text
    assert types.count("DecisionMade") == types.count("ActionStarted") == 1
    assert len(world.shop.calls) == 1


async def test_e11_a_double_click_is_one_decision_and_the_same_answer(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        outcomes = await asyncio.gather(*(click(house) for _ in range(5)))
        types = await house.types()
    assert sorted(outcome.kind for outcome in outcomes) == ["already"] * 4 + ["done"]
    again = [outcome.text for outcome in outcomes if outcome.kind == "already"]
    assert all(text.startswith("You decided this already. ") for text in again)
    assert len(set(again)) == 1
    assert types.count("DecisionMade") == 1
    assert "DecisionRefused" not in types


async def test_e10_fifty_approvals_of_a_high_risk_action_need_two_and_run_once(
    tmp_path: Path,
) -> None:
    world = World()
    world.acting.risk = "high"
    world.team.people = People((DANA, *TEAM))
    world.team.policy = LAX
    async with open_house(tmp_path, world) as house:
        await house.pending()
        clicks = [click(house, "approve", f"web:p{number // 2}") for number in range(50)]
        outcomes = await asyncio.gather(*clicks)
        await asyncio.gather(*(house.drive(INC) for _ in range(3)), return_exceptions=True)
        types = await house.types()
    assert [outcome.kind for outcome in outcomes].count("done") == 2
    assert types.count("DecisionMade") == 2
    assert types.count("ActionStarted") == 1
    assert len(world.shop.calls) == 1


async def test_e10_overlapping_loops_execute_once(tmp_path: Path) -> None:
    """The dispatcher forbids it; the log would still let only one of them begin."""
    world = World()
    async with open_house(tmp_path, world) as house:
        await house.pending()
        await click(house)
        await asyncio.gather(*(house.drive(INC) for _ in range(10)))
        types = await house.types()
    assert types.count("ActionStarted") == 1
    assert len(world.shop.calls) == 1


async def test_a_decision_is_judged_at_the_head_of_the_stream(tmp_path: Path) -> None:
    """Not at what was read before: somebody else may have been faster."""
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()

        class Late(Wrapped):
            async def record(
                self, stream: str, build: Callable[[State], Draft | Refusal]
            ) -> Recorded:
                await click(house, "deny", "web:eve")
                return await self.inner.record(stream, build)

        slow = replies(house.world, house.store, Late(house.store.log))
        outcome = await slow.reply(button(view))
    assert outcome.kind == "already"
    assert "denied by eve" in outcome.text
