from pathlib import Path

from bot.errors import RemoteError, StaleThreadError, ToolError
from bot.incident.facts_action import ActionProposed
from bot.incident.facts_alerts import QuestionAnswered
from bot.incident.facts_run import (
    BudgetSpent,
    ConclusionReached,
    EscalationRaised,
    StepChosen,
    StepFailed,
    ToolFailed,
)
from bot.incident.model import Ask
from bot.incident.steps import AskHuman
from bot.ports import Draft, Log, Recorded
from tests.bot.engine.house import INC, House, World, Wrapped, open_house, order
from tests.bot.engine.making import RUNBOOK, Scripted, Team, conclude, look, want
from tests.bot.engine.playing import play


async def wake(house: House, seconds: float) -> None:
    house.world.clock.advance(seconds)
    await house.drive(INC)


async def test_the_whole_way_from_alert_to_close(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await play(house)
        types = await house.types()
        closed = (await house.state()).incident
    assert types == [
        "IncidentOpened", "AlertsReceived", "ContextLoaded", "StepChosen", "ToolReturned",
        "StepChosen", "ActionProposed", "StepChosen", "ConclusionReached", "DecisionMade",
        "ProposalApproved", "ActionStarted", "ActionFinished", "AlertsReceived",
        "IncidentResolved", "ActionVerified", "ActionVerified", "IncidentClosed",
    ]  # fmt: skip
    assert [(version, by) for _, version, by in world.shop.calls] == [("v41", "dana")]
    assert "v42 is broken" in closed.summary
    assert "approved by dana: succeeded, 2 checks passed" in closed.summary


async def test_context_precedes_the_first_step_and_evidence_an_agents_proposal(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        types = await house.types()
        asked = (await house.bodies(ActionProposed))[0]
    assert order(types, "ContextLoaded", "StepChosen", "ToolReturned", "ActionProposed")
    assert isinstance(asked, ActionProposed)
    assert asked.evidence


async def test_an_agent_that_proposes_before_it_looked_is_rejected(tmp_path: Path) -> None:
    world = World(model=Scripted([want(), conclude()]))
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        state = await house.state()
    assert not state.incident.proposals
    assert "evidence comes before a proposal" in state.run.rejected[0][1]


async def test_an_endless_planner_stops_at_ten_steps_and_escalates(tmp_path: Path) -> None:
    model = Scripted([want()])
    world = World(model=model)
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        spent = await house.bodies(BudgetSpent, EscalationRaised, ConclusionReached)
    assert len(model.asked) == 10
    assert [context.remaining for context in model.asked] == list(range(10, 0, -1))
    assert [type(fact).__name__ for fact in spent] == [
        "BudgetSpent",
        "EscalationRaised",
        "ConclusionReached",
    ]


async def test_looking_twice_without_a_new_fact_ends_the_run(tmp_path: Path) -> None:
    model = Scripted([look()])
    async with open_house(tmp_path, World(model=model)) as house:
        await house.alarm()
        await house.drive(INC)
        (spent,) = await house.bodies(BudgetSpent)
    assert isinstance(spent, BudgetSpent)
    assert spent.kind == "no_new_facts"
    assert len(model.asked) == 3


async def test_a_tool_that_fails_is_tried_three_times_with_pauses(tmp_path: Path) -> None:
    world = World(model=Scripted([look(), conclude()]))
    world.looking.fails = [RemoteError("shop", "is away", 503) for _ in range(9)]
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        assert world.shop.looks == 1
        await wake(house, 0.5)
        assert world.shop.looks == 1
        await wake(house, 0.5)
        assert world.shop.looks == 2
        await wake(house, 3)
        failed = await house.bodies(ToolFailed)
        state = await house.state()
    assert world.shop.looks == 3
    assert [getattr(fact, "retry_at", None) is None for fact in failed] == [False, False, True]
    assert state.run.done
    assert state.run.results[0].error == "shop: is away"


async def test_a_tool_that_refuses_is_not_asked_again(tmp_path: Path) -> None:
    world = World(model=Scripted([look(), conclude()]))
    world.looking.fails = [ToolError("no such probe")]
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        assert (await house.state()).run.done
    assert world.shop.looks == 1


async def test_a_bug_in_a_tool_is_a_failed_look_not_a_stuck_incident(tmp_path: Path) -> None:
    world = World(model=Scripted([look(), conclude()]))
    world.looking.fails = [KeyError("oops")]
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        (failed,) = await house.bodies(ToolFailed)
    assert isinstance(failed, ToolFailed)
    assert failed.error.message.startswith("KeyError")


async def test_a_model_that_cannot_choose_is_asked_three_times_then_humans_are(
    tmp_path: Path,
) -> None:
    model = Scripted([ToolError("no key")])
    async with open_house(tmp_path, World(model=model)) as house:
        await house.alarm()
        await house.drive(INC)
        await wake(house, 2)
        await wake(house, 4)
        await wake(house, 60)
        failures = await house.bodies(StepFailed)
        types = await house.types()
        state = await house.state()
    assert len(model.asked) == 3
    assert len(failures) == 3
    assert order(types, "StepFailed", "EscalationRaised", "ConclusionReached")
    assert state.incident.escalated == "on-call"
    assert "could not choose a next step" in state.incident.conclusion


async def test_a_model_that_recovers_goes_on(tmp_path: Path) -> None:
    model = Scripted([ValueError("a bug in the model's file"), look(), conclude()])
    async with open_house(tmp_path, World(model=model)) as house:
        await house.alarm()
        await house.drive(INC)
        await wake(house, 2)
        state = await house.state()
    assert state.run.done
    assert state.run.steps == 2
    assert model.asked[0] == model.asked[1]


async def test_a_human_is_asked_and_the_answer_reaches_the_next_step(tmp_path: Path) -> None:
    model = Scripted([AskHuman(question="Was it planned?", answer="yes_no"), look(), conclude()])
    async with open_house(tmp_path, World(model=model)) as house:
        await house.alarm()
        await house.drive(INC)
        await wake(house, 3600)
        assert len(model.asked) == 1
        outcome = await house.say(f"answer {INC} YES")
        await house.drive(INC)
        (answered,) = await house.bodies(QuestionAnswered)
    assert outcome.kind == "done"
    assert isinstance(answered, QuestionAnswered)
    assert answered.value == "yes"
    assert [item.value for item in model.asked[1].answers] == ["yes"]


async def test_an_unanswered_question_expires_and_the_run_goes_on(tmp_path: Path) -> None:
    model = Scripted([AskHuman(question="Was it planned?"), conclude()])
    async with open_house(tmp_path, World(model=model)) as house:
        await house.alarm()
        await house.drive(INC)
        await wake(house, 86400)
        assert "QuestionExpired" in await house.types()
        assert (await house.state()).run.done
    assert [item.value for item in model.asked[1].answers] == [None]


async def test_the_runbooks_otherwise_asks_when_nothing_is_proven(tmp_path: Path) -> None:
    ask = Ask(question="Who deployed?", kind="text")
    team = Team(runbooks=(RUNBOOK.model_copy(update={"otherwise": ask}),))
    world = World(team=team)
    world.shop.version = "v41"
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        (question,) = (await house.state()).incident.questions.values()
    assert question.asked.question == "Who deployed?"


async def test_a_step_carries_what_it_was_chosen_under(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        await house.drive(INC)
        first = (await house.bodies(StepChosen))[0]
    assert isinstance(first, StepChosen)
    assert first.by == "planner"
    assert first.digests.runbook == RUNBOOK.digest
    assert first.digests.policy == "1" * 64
    assert first.digests.tools
    assert first.revision == "r1"


async def test_a_paused_investigation_asks_nothing_until_it_goes_on(tmp_path: Path) -> None:
    model = Scripted([look(), conclude()])
    async with open_house(tmp_path, World(model=model)) as house:
        await house.alarm()
        await house.say(f"pause {INC}")
        await house.drive(INC)
        assert model.asked == []
        assert "ContextLoaded" in await house.types()
        await house.say(f"resume {INC}")
        await house.drive(INC)
    assert len(model.asked) == 2


async def test_stopping_ends_the_loop_between_effects(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        house.drive.stopping = True
        await house.drive(INC)
        assert await house.types() == ["IncidentOpened", "AlertsReceived"]


class Overtaken(Wrapped):
    """Somebody else writes first, once for every kind of write."""

    def __init__(self, inner: Log) -> None:
        super().__init__(inner)
        self.appends = 0

    async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
        self.appends += 1
        if self.appends % 2:
            raise StaleThreadError("the incident moved on")
        return await self.inner.append(stream, expect, draft)


async def test_a_stale_write_is_decided_again_and_the_action_runs_once(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world, log=Overtaken) as house:
        await house.alarm()
        await play(house)
    assert len(world.shop.calls) == 1


async def test_an_alert_that_arrives_during_an_action_does_not_make_it_unknown(
    tmp_path: Path,
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await house.pending()
        await house.approve()

        async def more() -> None:
            world.clock.advance(1)
            await house.alarm(key=f"g-{INC}", pod="b")
            await house.say(f"note {INC} it is slow")

        world.acting.during = more
        await house.drive(INC)
        types = await house.types()
    assert types[-4:] == ["ActionStarted", "AlertsReceived", "NoteAdded", "ActionFinished"]
    assert "ActionUnknown" not in types
