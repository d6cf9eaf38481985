"""The policy where it decides: what is proposed, who may decide it, and what still may run."""

from pathlib import Path

import pytest

from bot.incident.authority import Person, Policy, RaiseRisk, Rule
from bot.incident.facts_action import DecisionMade, ProposalDenied, ProposalSuperseded
from bot.incident.facts_run import ProposalRejected, StepChosen
from bot.incident.hours import Hours
from bot.incident.rota import Level, Rota
from bot.incident.state import ASKED
from bot.knowledge.people import People
from tests.bot.engine.house import INC, House, World, approved, open_house
from tests.bot.engine.making import (
    DANA,
    EVE,
    LAX,
    MALLORY,
    RULE,
    Scripted,
    Team,
    conclude,
    look,
    policy,
    want,
)
from tests.bot.intake.clicking import click

ON_CALL = Rule(name="on call", action="job_run:rollback", approvers=("on_call",))


def night(begins: str, ends: str) -> Policy:
    hours = Hours.model_validate({"from": begins, "until": ends, "zone": "UTC"})
    rule = RULE.model_copy(update={"quiet_hours": ("night",)})
    return policy(rule).model_copy(update={"quiet_hours": {"night": hours}})


def raising(*entries: RaiseRisk, bulk_over: int = 10) -> Policy:
    return LAX.model_copy(update={"raise_risk": entries, "bulk_over": bulk_over})


def shift(*names: str) -> People:
    rota = Rota(name="sre", levels=(Level(persons=names),))
    return People((DANA, EVE, MALLORY), (rota,))


async def rejection(house: House) -> str:
    await house.alarm()
    await house.drive(INC)
    (fact,) = await house.bodies(ProposalRejected)
    assert isinstance(fact, ProposalRejected)
    return fact.why


@pytest.mark.parametrize(
    ("given", "targets", "risk", "why"),
    [
        (policy(), 1, "medium", ("the action itself is medium risk",)),
        (
            raising(RaiseRisk(tier_at_most=1)),
            1,
            "high",
            ("the action itself is medium risk", "tier 1: high"),
        ),
        (
            raising(bulk_over=3),
            4,
            "high",
            ("the action itself is medium risk", "4 targets, more than 3: high"),
        ),
        (raising(RaiseRisk(tier_at_most=1), bulk_over=4), 4, "high", None),
    ],
    ids=["as-planned", "by-tier", "in-bulk", "both-allowed"],
)
@pytest.mark.usefixtures("each_database")
async def test_e21_the_risk_is_computed_and_its_reasons_are_kept(
    tmp_path: Path, given: Policy, targets: int, risk: str, why: tuple[str, ...] | None
) -> None:
    world = World(team=Team(policy=given))
    world.acting.targets = targets
    async with open_house(tmp_path, world) as house:
        view = await house.pending()
    assert view.proposal.risk == risk
    assert why is None or view.asked.risk_why == why
    lasts = (view.proposal.expires_at - view.proposal.created_at).total_seconds()
    assert lasts == {"medium": 1800, "high": 900}[risk]


@pytest.mark.usefixtures("each_database")
async def test_e20_nothing_is_proposed_in_quiet_hours(tmp_path: Path) -> None:
    async with open_house(tmp_path, World(team=Team(policy=night("11:00", "13:00")))) as house:
        why = await rejection(house)
    assert why == "rule rollback allows nothing in its quiet hours night (11:00 to 13:00 UTC)"


async def test_e20_a_rule_that_asks_for_a_preview_lets_nothing_else_through(
    tmp_path: Path,
) -> None:
    rule = RULE.model_copy(update={"dry_run_required": True})
    world = World(team=Team(policy=policy(rule)))
    world.acting.previewed = False
    async with open_house(tmp_path, world) as house:
        why = await rejection(house)
    assert why == "rule rollback asks for a preview, and job_run:rollback has none"


@pytest.mark.usefixtures("each_database")
async def test_e20_quiet_hours_that_begin_stop_approvals_and_not_denials(tmp_path: Path) -> None:
    world = World(team=Team(policy=night("12:10", "13:00")))
    async with open_house(tmp_path, world) as house:
        await house.pending()
        world.clock.advance(600)
        refused = await click(house)
        denied = await click(house, "deny")
        facts = await house.bodies(ProposalDenied)
    assert refused.kind == "refused"
    assert "quiet hours night" in refused.text
    assert (denied.kind, len(facts)) == ("done", 1)


@pytest.mark.usefixtures("each_database")
async def test_e26_quiet_hours_that_begin_after_the_approval_stop_the_run(tmp_path: Path) -> None:
    world = World(team=Team(policy=night("12:01", "13:00")))
    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.clock.advance(60)
        await house.drive(INC)
        (fact,) = await house.bodies(ProposalSuperseded)
    assert isinstance(fact, ProposalSuperseded)
    assert "quiet hours night" in fact.why
    assert world.shop.calls == []


@pytest.mark.usefixtures("each_database")
async def test_e20_who_is_on_call_decides_and_nobody_else(tmp_path: Path) -> None:
    world = World(team=Team(policy=policy(ON_CALL), people=shift("mallory")))
    async with open_house(tmp_path, world) as house:
        await house.pending()
        other = await click(house)
        mine = await click(house, who="web:mallory")
        (made,) = await house.bodies(DecisionMade)
    assert (other.kind, mine.kind) == ("refused", "done")
    assert "only on_call may decide" in other.text
    assert isinstance(made, DecisionMade)
    assert (made.person, made.rule) == ("mallory", "on call")


@pytest.mark.usefixtures("each_database")
async def test_e26_who_is_not_on_call_any_more_authorises_no_run(tmp_path: Path) -> None:
    world = World(team=Team(policy=policy(ON_CALL), people=shift("dana")))
    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.team.people = shift("eve")
        await house.drive(INC)
        (fact,) = await house.bodies(ProposalSuperseded)
    assert isinstance(fact, ProposalSuperseded)
    assert "the approval by dana no longer counts" in fact.why
    assert world.shop.calls == []


@pytest.mark.usefixtures("each_database")
async def test_e26_the_approval_of_who_was_deactivated_since_authorises_no_run(
    tmp_path: Path,
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.team.people = People((DANA.model_copy(update={"active": False}), EVE))
        await house.drive(INC)
        (fact,) = await house.bodies(ProposalSuperseded)
    assert isinstance(fact, ProposalSuperseded)
    assert "dana approved it and may decide nothing any more" in fact.why
    assert world.shop.calls == []


@pytest.mark.usefixtures("each_database")
async def test_e22_neither_of_the_two_asked_for_it_or_changed_it(tmp_path: Path) -> None:
    """At high risk two others are needed: who asked and who edited count as nobody."""
    mallory = MALLORY.model_copy(update={"groups": ("sre",)})
    sam = Person(name="sam", groups=("sre",), identities=("web:sam",))
    world = World(
        team=Team(policy=raising(RaiseRisk(environment="demo"))),
        model=Scripted([look(), conclude()]),
    )
    world.team.people = People((DANA, EVE, mallory, sam))
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        step = StepChosen(effect_id=f"{ASKED}rollback", step=want(), by="person:dana")
        await house.record(step)
        await house.drive(INC)
        name = (await house.view()).proposal.id
        assert (await house.say(f"edit P-{name} version=v40", "web:eve")).kind == "done"
        await house.drive(INC)
        frozen = (await house.view()).proposal
        assert (frozen.risk, frozen.requested_by) == ("high", "person:dana")
        assert frozen.edited_by == ("person:eve",)
        said = [await click(house, who=who) for who in ("web:dana", "web:eve", "web:mallory")]
        await house.drive(INC)
        assert (await house.view()).status == "pending"
        last = await click(house, who="web:sam")
        await house.drive(INC)
    assert [one.kind for one in (*said, last)] == ["refused", "refused", "done", "done"]
    assert [(version, by) for _, version, by in world.shop.calls] == [("v40", "mallory, sam")]


@pytest.mark.usefixtures("each_database")
async def test_e22_two_persons_approve_a_high_risk_and_it_runs_once(tmp_path: Path) -> None:
    world = World(team=Team(policy=raising(RaiseRisk(environment="demo"))))
    async with open_house(tmp_path, world) as house:
        await house.pending()
        first = await click(house)
        same = await click(house, who="chat:U1")
        assert (await house.view()).status == "pending"
        second = await click(house, who="web:eve")
        await house.drive(INC)
    assert "needs one more person" in first.text
    assert (same.kind, second.kind) == ("already", "done")
    assert len(world.shop.calls) == 1
