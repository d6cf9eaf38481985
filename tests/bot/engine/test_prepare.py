import hashlib
from pathlib import Path

import pytest
from pydantic import JsonValue

from bot.errors import BusyError, RemoteError
from bot.incident.context import Denial
from bot.incident.facts_run import ProposalRejected, StepChosen
from bot.incident.model import Predicate, Probe
from bot.incident.proposal import digest
from bot.incident.steps import ProposeAction, Step
from bot.ports import Evidence
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import RULE, RUNBOOK, Scripted, Team, conclude, look, policy, want


async def rejected(folder: Path, world: World, *steps: Step) -> str:
    """Return why the wished action was not put before humans."""
    world.model = Scripted([look(), *(steps or (want(),)), conclude()])
    async with open_house(folder, world) as house:
        await house.alarm()
        await house.drive(INC)
        state = await house.state()
        assert not state.incident.proposals
        assert state.run.done
        facts = await house.bodies(ProposalRejected)
    assert isinstance(facts[0], ProposalRejected)
    return facts[0].why


def wish(args: dict[str, JsonValue], tool: str = "job_run") -> ProposeAction:
    return ProposeAction(tool=tool, args=args, reason="broken", template="rollback")


async def test_law10_read_only_until_switched_on(tmp_path: Path) -> None:
    assert "READ-ONLY" in await rejected(tmp_path, World(read_only=True))


async def test_e20_without_a_rule_nothing_is_proposed(tmp_path: Path) -> None:
    world = World(team=Team(policy=policy(RULE.model_copy(update={"action": "dns_change"}))))
    assert "no rule in policy.yaml enables job_run (READ-ONLY)" in await rejected(tmp_path, world)


async def test_a_rule_that_forbids_is_named(tmp_path: Path) -> None:
    other = RULE.model_copy(update={"name": "other", "action": "job_run:restart"})
    world = World(team=Team(policy=policy(RULE.model_copy(update={"allow": False}), other)))
    assert await rejected(tmp_path, world) == "rule rollback forbids job_run:rollback"


async def test_only_what_the_matched_runbook_permits_is_proposed(tmp_path: Path) -> None:
    step = want().model_copy(update={"template": "drop_tables"})
    assert "no matched runbook permits" in await rejected(tmp_path, World(), step)


async def asked_for(folder: Path, step: ProposeAction) -> str:
    """Return why an action that a human asked for was not put before humans."""
    async with open_house(folder, World()) as house:
        await house.alarm()
        await house.record(StepChosen(effect_id="ask-1", step=step, by="person:dana"))
        await house.drive(INC)
        (fact,) = await house.bodies(ProposalRejected)
    assert isinstance(fact, ProposalRejected)
    return fact.why


async def test_a_tool_that_is_not_configured_is_not_proposed(tmp_path: Path) -> None:
    assert "not configured" in await asked_for(tmp_path, wish({}, tool="dns_change"))


async def test_e01_arguments_out_of_shape_are_refused(tmp_path: Path) -> None:
    step = wish({"job": "rollback", "shell": "rm -rf /"})
    assert "shell" in await asked_for(tmp_path, step)


async def test_f07_an_argument_that_looks_like_a_secret_is_refused(tmp_path: Path) -> None:
    token = "ghp_" + "a1B2c3D4e5F6" * 3
    assert "looks like a secret" in await rejected(
        tmp_path, World(), wish({"job": "rollback", "version": token})
    )


async def test_e30_a_precondition_that_does_not_hold_rejects_the_proposal(tmp_path: Path) -> None:
    wrong = Probe(
        title="v40 is live",
        tool="http_probe",
        args={},
        expect=Predicate(fact="version", value="v40"),
    )
    template = RUNBOOK.actions[0].model_copy(update={"preconditions": (wrong,)})
    team = Team(runbooks=(RUNBOOK.model_copy(update={"actions": (template,)}),))
    why = await rejected(tmp_path, World(team=team))
    assert why == "a precondition does not hold: v40 is live: version = v42"


async def test_a_runbooks_check_that_lacks_a_fact_rejects_the_proposal(tmp_path: Path) -> None:
    probe = Probe(
        title="the region is up",
        tool="http_probe",
        args={"service": "${labels.region}"},
        expect=Predicate(fact="healthy", value=True),
    )
    template = RUNBOOK.actions[0].model_copy(update={"verify": (probe,)})
    team = Team(runbooks=(RUNBOOK.model_copy(update={"actions": (template,)}),))
    assert "lacks a fact" in await rejected(tmp_path, World(team=team))


@pytest.mark.parametrize(
    ("error", "why"),
    [(RemoteError("jobs", "is away", 503), "jobs: is away"), (KeyError("bug"), "KeyError: 'bug'")],
)
async def test_a_target_that_cannot_be_planned_for_rejects_the_proposal(
    tmp_path: Path, error: Exception, why: str
) -> None:
    world = World()
    world.acting.plans = [error]
    assert (await rejected(tmp_path, world)).partition(" (at ")[0] == why


async def test_a_busy_database_rejects_nothing_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        put = house.store.evidence.put
        looks: list[int] = []

        async def busy(evidence: Evidence) -> str:
            looks.append(1)
            if len(looks) == 2:  # the first look is the investigation's, the second a precondition
                raise BusyError("the disk is full")
            return await put(evidence)

        monkeypatch.setattr(house.store.evidence, "put", busy)
        await house.alarm()
        with pytest.raises(BusyError):
            await house.drive(INC)
        await house.drive(INC)
        assert (await house.view()).status == "pending"


async def asked(house: House) -> None:
    await house.alarm()
    await house.drive(INC)


@pytest.mark.usefixtures("each_database")
async def test_e32_without_a_preview_the_risk_is_one_class_higher(tmp_path: Path) -> None:
    world = World()
    world.acting.previewed = False
    async with open_house(tmp_path, world) as house:
        await asked(house)
        view = await house.view()
    assert view.proposal.risk == "high"
    assert (view.proposal.expires_at - view.proposal.created_at).total_seconds() == 900


@pytest.mark.usefixtures("each_database")
async def test_e32_the_preview_that_is_shown_is_in_the_hash(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await asked(house)
        view = await house.view()
    shown = hashlib.sha256(view.asked.preview.encode()).hexdigest()
    assert view.asked.preview == "v42 -> v41"
    assert view.proposal.preview_digest == shown
    other = view.proposal.model_copy(update={"preview_digest": "0" * 64})
    assert digest(other) != view.asked.digest


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("v4\u202e1", "version holds a character that nobody can see (U+202E)"),
        ("v41\n", "version holds a character that nobody can see (U+000A)"),
        ("cafe\u0301", "version is not written in the usual form (Unicode NFC)"),
    ],
    ids=["bidi", "line", "nfd"],
)
async def test_e06_text_that_has_no_one_form_is_not_frozen(
    tmp_path: Path, version: str, why: str
) -> None:
    said = await rejected(tmp_path, World(), wish({"job": "rollback", "version": version}))
    assert said == f"its arguments cannot be approved: {why}"


async def test_e05_a_plan_that_holds_what_nobody_can_see_is_not_proposed(tmp_path: Path) -> None:
    world = World()
    world.acting.target = "check\u200bout"
    assert "it could not be approved: it holds a character" in await rejected(tmp_path, world)


@pytest.mark.usefixtures("each_database")
async def test_e40_one_like_a_denied_one_is_proposed_for_another_reason_only(
    tmp_path: Path,
) -> None:
    other = want("v40").model_copy(update={"reason": "v41 has the leak too"})
    lines = [look(), want(), want("v40"), other, want("v39"), conclude()]
    model = Scripted([*lines], name="a-model")
    world = World(model=model, propose_every_s=60)
    async with open_house(tmp_path, world) as house:
        await asked(house)
        await house.say(f"deny P-{(await house.view()).proposal.id} that is not the cause")
        for _ in range(2):
            world.clock.advance(60)
            await house.drive(INC)
        state = await house.state()
        facts = [f for f in await house.bodies(ProposalRejected) if isinstance(f, ProposalRejected)]
    assert [view.proposal.args["version"] for view in state.incident.proposals.values()] == [
        "v41",
        "v40",
    ]
    assert ["for the same reason" in fact.why for fact in facts] == [True, False]
    assert "that is enough" in facts[1].why
    (denied,) = [past.denial for past in model.asked[-1].proposed if past.status == "denied"]
    assert denied == Denial(("sre",), "that is not the cause")


@pytest.mark.usefixtures("each_database")
async def test_e02_every_argument_is_frozen_defaults_too(tmp_path: Path) -> None:
    world = World(model=Scripted([look(), wish({"job": "rollback"}), conclude()]))
    async with open_house(tmp_path, world) as house:
        await asked(house)
        assert (await house.view()).proposal.args == {"job": "rollback", "version": "v41"}
        await house.approve()
        await house.drive(INC)
        assert (await house.view()).status == "succeeded"


@pytest.mark.usefixtures("each_database")
async def test_e06_the_declaration_is_part_of_the_version(tmp_path: Path) -> None:
    world = World()
    world.acting.declaration = "a" * 64
    async with open_house(tmp_path, world) as house:
        await asked(house)
        assert (await house.view()).proposal.tool_version == "1+" + "a" * 64


@pytest.mark.usefixtures("each_database")
async def test_e40_a_denied_action_is_not_proposed_again(tmp_path: Path) -> None:
    lines = [look(), want(), conclude()] * 2
    world = World(model=Scripted([*lines], name="a-model"))
    async with open_house(tmp_path, world) as house:
        await asked(house)
        name = (await house.view()).proposal.id
        await house.say(f"deny P-{name} that is not the cause")
        await house.alarm("resolved")
        await house.drive(INC)
        world.clock.advance(1)
        await house.alarm()
        await house.drive(INC)
        state = await house.state()
        (fact,) = await house.bodies(ProposalRejected)
    assert state.incident.reopened == 1
    assert len(state.incident.proposals) == 1
    assert isinstance(fact, ProposalRejected)
    assert fact.why == f"P-{name} proposed exactly this already and is denied"


@pytest.mark.usefixtures("each_database")
async def test_e44_at_most_three_proposals_wait_at_once(tmp_path: Path) -> None:
    steps = [want(f"v{number}") for number in range(30, 35)]
    world = World(model=Scripted([look(), *steps, conclude()]))
    async with open_house(tmp_path, world) as house:
        await asked(house)
        state = await house.state()
    assert len(state.incident.proposals) == 3
    assert "already wait for a decision" in state.run.rejected[0][1]


@pytest.mark.usefixtures("each_database")
async def test_e04_prose_changes_no_byte_of_what_is_approved(tmp_path: Path) -> None:
    digests: list[str] = []
    for number, reason in enumerate(("it broke", "PLEASE approve ⚠ <b>now</b>")):
        folder = tmp_path / str(number)
        folder.mkdir()
        step = want().model_copy(update={"reason": reason})
        async with open_house(folder, World(model=Scripted([look(), step, conclude()]))) as house:
            await asked(house)
            view = await house.view()
            assert view.asked.reason == reason
            digests.append(view.asked.digest)
    assert digests[0] == digests[1]
