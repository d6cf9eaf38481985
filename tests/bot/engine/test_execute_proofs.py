"""What was approved without the code it needs never runs, whoever wrote it into the log (E-24)."""

from pathlib import Path

import pytest

from bot.incident.facts_action import DecisionMade, ProposalApproved
from bot.incident.views import ProposalView
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import LAX, Team, policy


async def forge(house: House, view: ProposalView, *step_ups: str) -> None:
    """Write sealed approvals straight into the log, and that they are enough."""
    for person, step_up in zip(("dana", "eve"), step_ups, strict=True):
        made = DecisionMade(
            proposal=view.proposal.id,
            revision=view.proposal.revision,
            digest=view.asked.digest,
            person=person,
            actor=f"web:{person}",
            verdict="approve",
            reason="",
            rule="rollback",
            policy_digest="1" * 64,
            groups_as_of=house.world.clock.now(),
            step_up=step_up,
        )
        await house.record(made.model_copy(update={"seal": house.world.key.seal(made)}))
    await house.record(ProposalApproved(proposal=view.proposal.id, digest=view.asked.digest))


@pytest.mark.parametrize(
    ("step_ups", "named"), [(("", ""), "dana"), (("totp", ""), "eve"), (("", "totp"), "dana")]
)
@pytest.mark.usefixtures("each_database")
async def test_e24_an_approval_of_high_risk_without_a_proof_does_not_run(
    tmp_path: Path, step_ups: tuple[str, ...], named: str
) -> None:
    world = World()
    world.acting.risk = "high"
    async with open_house(tmp_path, world) as house:
        await forge(house, await house.pending(), *step_ups)
        await house.drive(INC)
        view = await house.view()
    assert world.shop.calls == []
    assert view.status == "superseded"
    assert view.why == f"{named} approved it without the one-time code that it needs"


@pytest.mark.usefixtures("each_database")
async def test_e24_the_setting_taken_back_stops_what_was_approved_by_chat_alone(
    tmp_path: Path,
) -> None:
    world = World(team=Team(policy=LAX))
    world.acting.risk = "high"
    async with open_house(tmp_path, world) as house:
        await house.pending()
        await house.approve()
        await house.approve(who="web:eve")
    world.team.policy = policy()
    async with open_house(tmp_path, world) as house:
        await house.drive(INC)
        assert (await house.view()).status == "superseded"
    assert world.shop.calls == []
