"""The factors of 12-Factor Agents, one test each, by number (11 and 12 stand in a file of theirs).

More of each stands beside what it proves: `grep -rn "factor_N_" tests`.
"""

import asyncio
import inspect
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from pydantic import JsonValue

from bot.agent.budget import Budget
from bot.agent.closed import ClosedWorld
from bot.agent.prompt_files import FOLDER, read_prompts
from bot.agent.step_model import LlmMind
from bot.agent.tokens import safe
from bot.engine.drive import Drive
from bot.errors import RemoteError
from bot.incident import decide as deciding
from bot.incident.decide import decide
from bot.incident.effects import AskModel, Wait
from bot.incident.facts_action import ActionProposed, ActionStarted, DecisionMade
from bot.incident.facts_alerts import QuestionAnswered, QuestionAsked
from bot.incident.facts_run import (
    BudgetSpent,
    ConclusionReached,
    ContextLoaded,
    EscalationRaised,
    StepChosen,
    ToolFailed,
    ToolReturned,
)
from bot.incident.model import Change
from bot.incident.steps import AskHuman, Step
from bot.knowledge.gist import gist
from bot.ports import Delivery
from tests.bot.agent.llm.asking import STEP, a_prompt, scripted
from tests.bot.agent.minds import Book, Speaker, nothing_against, settings
from tests.bot.agent.prompting import midway, prompt
from tests.bot.agent.stage import FOUND, NO_STEP, SEEN, ending
from tests.bot.engine.house import INC, World, open_house, order
from tests.bot.engine.making import BAD, GOOD, Scripted, conclude, look, want
from tests.bot.engine.playing import play
from tests.bot.engine.thinking import Thinking, chosen, concludes, looks, proposes, thinking_house
from tests.bot.knowledge.redact_corpus import positives
from tests.bot.store.derived import derived
from tests.fakes import FakeClock
from tests.llm_server import says
from tests.story.field.lives import Lives

ASK = AskHuman(question="Was it planned?", answer="yes_no")
ERROR_CHARS = 400


async def test_factor_1_words_become_one_typed_step_and_no_side_effect(tmp_path: Path) -> None:
    thinking = Thinking(Speaker([looks, ending(summary="Unclear."), proposes, NO_STEP]))
    world = World()
    async with thinking_house(tmp_path, world, thinking) as house:
        await house.alarm()
        await house.drive(INC)
        assert (await house.say(f"ask {INC} roll checkout back to {GOOD}")).kind == "done"
        await house.drive(INC)
        (asked,) = await house.bodies(ActionProposed)
        steps = await chosen(house)
        assert await house.bodies(ActionStarted) == []
    assert isinstance(asked, ActionProposed)
    assert asked.proposal.args == {"job": "rollback", "version": GOOD}
    assert asked.effect_id in {one.effect_id for one in steps}
    assert (world.shop.version, world.shop.calls) == (BAD, [])
    # what is no intent at all: a fact of the log, and the planner's Step
    assert [one.fallback for one in steps if one.fallback] == ["invalid"]
    assert "run_shell" in steps[-1].fallback_why


async def test_factor_2_every_word_is_ours_and_a_changed_file_changes_the_digest(
    tmp_path: Path,
) -> None:
    for setting in ("openai:some-model", "anthropic:claude-some"):
        async with scripted(setting, says(STEP)) as (model, server):
            await model.ask(a_prompt(), "", 30)
        assert server.asked[0].prompt.split() == ["SYSTEM", "RUNBOOK", "HISTORY"]

    async def digest(folder: Path) -> str:
        made = settings()
        mind = LlmMind(
            Speaker([FOUND]), read_prompts(folder), Budget(Book(), FakeClock(), made), made
        )
        return (await mind.choose(SEEN, nothing_against)).prompt

    shutil.copytree(FOLDER, tmp_path / "prompts")
    before = await digest(tmp_path / "prompts")
    assert before == await digest(FOLDER)
    generalist = tmp_path / "prompts" / "generalist.md"
    generalist.write_text(generalist.read_text() + "\nBe brief.\n")
    assert await digest(tmp_path / "prompts") != before


def test_factor_3_the_context_is_rendered_by_us_without_secrets_or_resolved_errors() -> None:
    made, again = prompt(midway()), prompt(midway())
    assert (made.system, made.stable, made.volatile) == (again.system, again.stable, again.volatile)
    assert "no^answer^in^5^s" not in made.volatile  # the error that a later call resolved
    schema = json.dumps(made.schema, ensure_ascii=False, separators=(",", ":"))
    whole = f"{made.system}\n{made.stable}\n{made.volatile}\n{schema}"
    assert made.estimated_tokens == pytest.approx(safe(whole), rel=0.02)
    secret = positives()[0]
    leaky = replace(midway(), title=f"checkout fails: {secret.text}")
    assert secret.secret not in prompt(leaky).stable
    assert secret.secret.replace(" ", "^") not in prompt(leaky).stable


AFTER: dict[str, tuple[Step, type]] = {
    "call_tools": (look(), ToolReturned),
    "propose_action": (want(), ActionProposed),
    "ask_human": (ASK, QuestionAsked),
    "conclude": (conclude(), ConclusionReached),
}
"""Each kind of Step, and the fact that its hand writes."""


def test_factor_4_every_kind_of_step_has_a_hand_and_stands_in_the_schema() -> None:
    kinds = {one.model_fields["kind"].default for one in get_args(get_args(Step)[0])}
    assert kinds == set(AFTER)
    shown = json.dumps(ClosedWorld(SEEN).schema)
    assert all(f'"{kind}"' in shown for kind in kinds)


@pytest.mark.parametrize("kind", AFTER)
async def test_factor_4_each_step_is_carried_out_by_its_hand(tmp_path: Path, kind: str) -> None:
    step, fact = AFTER[kind]
    lines: list[Step | Exception] = [look("first"), step, conclude()]
    async with open_house(tmp_path, World(model=Scripted(lines))) as house:
        await house.alarm()
        await house.drive(INC)
        assert await house.bodies(fact)


async def test_factor_5_everything_is_rebuilt_from_the_log_alone(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        before, state = await derived(house.store), await house.state()
        counted = Counter(await house.types())
        await house.store.rebuild()
        assert await derived(house.store) == before
        assert before["proposal"]
        assert await house.store.log.afresh(INC) == state
        assert Counter(await house.types()) == counted
        assert (await house.approve()).kind == "done"
        await house.drive(INC)
    assert house.world.shop.version == GOOD


async def test_factor_6_a_fresh_process_goes_on_from_the_id_alone(tmp_path: Path) -> None:
    lives = Lives(tmp_path)
    proposal = await lives.until_pending()
    assert lives.world.shop.calls == []  # paused between the choice and the act
    async with lives.life() as house:
        assert (await house.say(f"approve P-{proposal}")).kind == "done"
    async with lives.life() as house:
        await house.drive(INC)
    async with lives.life() as house:
        await play(house)
        assert (await house.state()).incident.status == "closed"
    assert len(lives.world.shop.calls) == 1


async def test_factor_7_a_human_is_asked_and_nothing_is_held_while_the_run_waits(
    tmp_path: Path,
) -> None:
    lives = Lives(tmp_path, World(model=Scripted([ASK, look(), conclude()])))
    async with lives.life() as house:
        before = asyncio.all_tasks()
        await house.alarm()
        await house.drive(INC)
        assert asyncio.all_tasks() == before
        assert await house.bodies(QuestionAsked)
    async with lives.life() as house:  # another process, and another channel
        assert (await house.say(f"answer {INC} yes", "chat:U1")).kind == "done"
        assert (await house.say(f"answer {INC} no", "web:dana")).kind != "done"
        await house.drive(INC)
        (answered,) = await house.bodies(QuestionAnswered)
        assert (await house.state()).run.done
    assert isinstance(answered, QuestionAnswered)
    assert (answered.person, answered.value) == ("dana", "yes")


@pytest.mark.parametrize(("step", "asks"), [(look(), 3), (want(), 3), (ASK, 2), (conclude(), 2)])
async def test_factor_8_each_intent_goes_on_or_parks_or_stops_as_our_loop_says(
    tmp_path: Path, step: Step, asks: int
) -> None:
    """A question and an end stop the run; a wish parks by itself until there is a decision."""
    model = Scripted([look("first"), step, conclude()])
    async with open_house(tmp_path, World(model=model)) as house:
        await house.alarm()
        await house.drive(INC)
        state, now = await house.state(), house.world.clock.now()
        assert isinstance(decide(state, now, house.world.limits()), Wait)
        assert len(model.asked) == asks
        assert await house.bodies(ActionStarted, DecisionMade) == []
        for view in state.incident.proposals.values():
            assert (await house.say(f"approve P-{view.proposal.id}")).kind == "done"
            await house.drive(INC)
        types = await house.types()
    assert ("ActionStarted" in types) == (step == want())
    if step == want():
        assert order(types, "ActionProposed", "DecisionMade", "ProposalApproved", "ActionStarted")
    assert len(inspect.getsource(Drive).splitlines()) < 200
    assert len(inspect.getsource(deciding).splitlines()) < 150


async def test_factor_9_errors_are_short_and_three_in_a_row_reach_a_human(tmp_path: Path) -> None:
    frame = '  File "/srv/shop/cart.py", line 7, in total\n    return price * count\n'
    trace = f"Traceback (most recent call last):\n{frame * 80}ValueError: price is negative"
    assert len(trace) > 5000
    assert len(gist(trace)) <= ERROR_CHARS
    assert "ValueError: price is negative" in gist(trace)
    lines: list[Step | Exception] = [look("a"), look("b"), look("c"), look("d"), conclude()]
    world = World(model=Scripted(lines))
    world.looking.fails = [RemoteError("shop", trace, 404)] * 9
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        (asked,) = await house.bodies(QuestionAsked)
        failed = [one for one in await house.bodies(ToolFailed) if isinstance(one, ToolFailed)]
    assert world.shop.looks == 3
    assert isinstance(asked, QuestionAsked)
    assert "failed 3 times in a row" in asked.question
    assert all(len(one.error.message) <= ERROR_CHARS for one in failed)


async def test_factor_9_a_success_resets_the_count(tmp_path: Path) -> None:
    lines: list[Step | Exception] = [look(name) for name in "abcde"]
    world = World(model=Scripted([*lines, conclude()]))
    bad = RemoteError("shop", "no route", 404)
    world.looking.fails = [bad, bad]
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        assert await house.bodies(QuestionAsked) == []
    assert world.shop.looks > 3


async def test_factor_10_an_endless_model_is_stopped_and_humans_get_what_it_saw(
    tmp_path: Path,
) -> None:
    lines: list[Step | Exception] = [look(f"p{n}") for n in range(30)]
    model = Scripted(lines)
    async with open_house(tmp_path, World(model=model)) as house:
        house.world.looking.extra = ()
        await house.alarm()
        await house.drive(INC)
        (ended,) = await house.bodies(ConclusionReached)
        assert await house.bodies(BudgetSpent)
        assert await house.bodies(EscalationRaised)
        assert len(await house.bodies(StepChosen)) <= 10
    assert isinstance(ended, ConclusionReached)
    assert BAD in ended.summary
    assert len(AFTER) <= 12
    assert all(len(one.tools) <= 12 for one in model.asked)


async def test_factor_13_what_is_certain_precedes_the_first_model_call(tmp_path: Path) -> None:
    thinking = Thinking(Speaker([looks, concludes]))
    async with thinking_house(tmp_path, World(), thinking) as house:
        now = house.world.clock.now()
        change = Change(id="c1", source="ci", service="checkout", version="v42", at=now)
        delivery = Delivery("c", "change", "default", "c", now, {}, b"{}")
        await house.store.deliveries.accept_change(delivery, [change])
        await house.alarm()
        await house.drive(INC)
        types = await house.types()
    assert types.index(ContextLoaded.__name__) < types.index(StepChosen.__name__)
    first: JsonValue = thinking.speaker.prompts[0].stable
    for origin in ("source=catalogue", "source=change kind=deploy", "source=runbook"):
        assert origin in str(first)
    assert not any("fetch" in kind for kind in AFTER)
    assert AskModel.__name__ not in AFTER
