"""Talking with the agent through the whole loop: a question becomes a run, a wish a proposal."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.errors import RemoteError
from bot.incident.calls import AGAIN
from bot.incident.context import Context
from bot.incident.facts_action import ActionProposed, ActionStarted, DecisionMade
from bot.incident.facts_alerts import QuestionAsked
from bot.incident.facts_run import ConclusionReached, ToolFailed, ToolReturned, Usage
from bot.incident.steps import Conclude, Step
from bot.ports import Choice
from bot.ports.mind import Objection
from bot.telemetry import REGISTRY
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import BAD, Scripted, conclude, look, want

ANSWER = Conclude(summary="v42 went out at 02:58.", outcome="answered")


@dataclass
class Minding:
    """A Mind that chooses what a test says, and accounts for it."""

    lines: list[Step]
    name: str = "test:model"
    asked: list[Context] = field(default_factory=list[Context])

    async def next_step(self, context: Context) -> Step:
        return (await self.choose(context, lambda _step: "")).step

    async def choose(self, context: Context, refusal: Objection) -> Choice:
        self.asked.append(context)
        step = self.lines[min(len(self.asked), len(self.lines)) - 1]
        assert not refusal(step)
        used = Usage(input_tokens=1000, output_tokens=50, model=self.name, requests=1)
        return Choice(step, self.name, usage=used, exchange=b'{"request": "x"}')


async def ask(house: House, text: str = "what changed?", who: str = "web:dana") -> None:
    outcome = await house.say(f"ask {INC} {text}", who)
    assert outcome.kind == "done", outcome.text
    await house.drive(INC)


async def test_a_question_after_the_run_is_answered_and_the_conclusion_stays(
    tmp_path: Path,
) -> None:
    world = World(model=Minding([conclude(), look(), ANSWER]))
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        before = (await house.state()).incident
        await ask(house)
        state = await house.state()
        ends = await house.bodies(ConclusionReached)
    view, (given,) = state.incident, state.incident.answers_given
    assert (view.conclusion, view.findings, view.ended) == ("That is all.", (), before.ended)
    assert [getattr(end, "question", None) for end in ends] == ["", "what changed?"]
    assert given.asked is not None
    assert (given.summary, given.asked.person, given.asked.channel) == (
        "v42 went out at 02:58.", "dana", "web",
    )  # fmt: skip
    assert (given.by, given.run, given.steps, given.made.requests) == ("test:model", 2, 2, 2)


async def test_factor_1_roll_back_becomes_a_proposal_and_never_an_action(tmp_path: Path) -> None:
    mind = Minding([conclude(), look(), want(), ANSWER])
    world = World(model=mind)
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        await ask(house, "roll checkout back to v41")
        (asked,) = await house.bodies(ActionProposed)
        mine = await house.approve()
        others = await house.approve(who="web:eve")
        kinds = [await house.bodies(ActionStarted), await house.bodies(DecisionMade)]
    assert isinstance(asked, ActionProposed)
    assert asked.proposal.args == {"job": "rollback", "version": "v41"}
    assert asked.proposal.requested_by == "person:dana"
    assert mind.asked[1].question is not None
    assert mine.kind == "refused"
    assert "you asked for this medium-risk action; somebody else decides" in mine.text
    assert others.kind == "done"
    assert kinds[0] == []
    assert len(kinds[1]) == 1
    assert world.shop.version == BAD


async def test_factor_1_without_a_model_a_wish_proposes_nothing(tmp_path: Path) -> None:
    world = World(has_action=False)
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        await ask(house, "roll checkout back to v41")
        (given,) = (await house.state()).incident.answers_given
        assert await house.bodies(ActionProposed) == []
    assert given.by == "planner"
    assert "I change nothing by being told to" in given.summary


@pytest.mark.parametrize("text", ["💥 \u202e ???", "x" * 2000, "${answer.value} {{7*7}}", "/etc"])
async def test_factor_1_an_unknown_wish_is_answered_and_never_crashes(
    tmp_path: Path, text: str
) -> None:
    async with open_house(tmp_path, World(has_action=False)) as house:
        await house.alarm()
        await house.drive(INC)
        await ask(house, text)
        (given,) = (await house.state()).incident.answers_given
    assert "This is none of them" in given.summary


async def test_factor_9_three_failures_ask_and_the_loop_makes_no_fourth_call(
    tmp_path: Path,
) -> None:
    lines: list[Step | Exception] = [
        look("a", "b"),
        look("c", "d"),
        look("e"),
        conclude(),
        look("a"),
        conclude(),
    ]
    world = World(model=Scripted(lines))
    world.looking.fails = [RemoteError("shop", "no route", 404)] * 9
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        looks = world.shop.looks
        (asked,) = await house.bodies(QuestionAsked)
        failed = await house.bodies(ToolFailed)
        assert isinstance(asked, QuestionAsked)
        world.looking.fails = []
        outcome = await house.say(f"answer {INC} {AGAIN}")
        await house.drive(INC)
    assert looks == 3
    assert asked.question.startswith("http_probe failed 3 times in a row: “shop: no route”.")
    assert len(failed) > 3
    assert outcome.kind == "done"
    assert world.shop.looks == 4


async def test_f10_an_equal_call_is_answered_from_what_was_seen(tmp_path: Path) -> None:
    world = World(model=Scripted([look("a"), look("a"), conclude()]))
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        one, two = await house.bodies(ToolReturned)
    assert isinstance(one, ToolReturned)
    assert isinstance(two, ToolReturned)
    assert (one.cached, two.cached) == (False, True)
    assert (one.evidence, one.summary, one.facts) == (two.evidence, two.summary, two.facts)
    assert world.shop.looks == 1


async def test_g10_a_read_that_answers_after_it_failed_is_counted(tmp_path: Path) -> None:
    name, labels = "triage_tool_errors_recovered_total", {"tool": "http_probe"}
    before = REGISTRY.get_sample_value(name, labels) or 0
    world = World(model=Scripted([look("a"), look("b"), conclude()]))
    world.looking.fails = [RemoteError("shop", "no route", 404)]
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
    assert REGISTRY.get_sample_value(name, labels) == before + 1
