"""The loop with a model that chooses, and with every way that it can fail (F-04, F-10, F-11)."""

import asyncio
import json
from pathlib import Path

import pytest

from bot.engine.toolbox import EXCHANGE
from bot.incident.facts_run import ConclusionReached, FallbackKind, StepFailed
from bot.incident.steps import Conclude, ProposeAction
from tests.bot.agent.minds import MODEL, Book, Speaker, failing
from tests.bot.engine.house import INC, World, open_house
from tests.bot.engine.playing import play
from tests.bot.engine.thinking import (
    Thinking,
    chosen,
    concludes,
    looks,
    proposes,
    thinking_house,
)
from tests.fakes import T0

WHOLE = (looks, proposes, concludes)


async def planned(folder: Path) -> list[str]:
    """What the planner alone chooses in the same world, step by step."""
    await asyncio.to_thread(folder.mkdir)
    async with open_house(folder, World()) as house:
        await house.pending()
        return [one.step.model_dump_json() for one in await chosen(house)]


@pytest.mark.usefixtures("each_database")
async def test_f12_a_model_investigates_and_each_step_says_how_it_came_about(
    tmp_path: Path,
) -> None:
    thinking = Thinking(Speaker(WHOLE))
    async with thinking_house(tmp_path, World(), thinking) as house:
        await house.pending()
        steps = await chosen(house)
        (ended,) = await house.bodies(ConclusionReached)
        kept = [await house.store.evidence.get(one.exchange) for one in steps]
        spent = await house.store.model_calls.spent(T0)
    assert [(one.by, one.fallback, one.agreed) for one in steps] == [
        (MODEL, "", True),
        (MODEL, "", True),
        (MODEL, "", True),
    ]
    assert isinstance(ended, ConclusionReached)
    assert (ended.by, ended.outcome) == (MODEL, "cause_found")
    assert [one.confidence for one in ended.findings] == ["medium"]
    for one, evidence, prompt in zip(steps, kept, thinking.speaker.prompts, strict=True):
        assert evidence is not None
        assert (evidence.tool, evidence.args["effect_id"]) == (EXCHANGE, one.effect_id)
        assert json.loads(evidence.body)[0]["request"]["volatile"] == prompt.volatile
        assert one.digests.prompt == prompt.digest
        assert one.receipt == prompt.receipt
        assert one.usage.requests == 1
    assert (spent.calls, spent.input_tokens, spent.micro_usd) == (3, 3000, 900)


async def test_the_way_from_alert_to_close_with_a_model(tmp_path: Path) -> None:
    world = World()
    async with thinking_house(tmp_path, world, Thinking(Speaker(WHOLE))) as house:
        await house.alarm()
        await play(house)
        closed = (await house.state()).incident
    assert closed.status == "closed"
    assert [(version, by) for _, version, by in world.shop.calls] == [("v41", "dana")]


@pytest.mark.parametrize("kind", ["slow", "rate_limited", "overloaded", "unreachable", "refused"])
async def test_f11_a_model_that_cannot_answer_changes_nothing_but_who_chose(
    tmp_path: Path, kind: FallbackKind
) -> None:
    thinking = Thinking(Speaker([failing(kind)]))
    async with thinking_house(tmp_path, World(), thinking) as house:
        await house.pending()
        steps = await chosen(house)
        types = await house.types()
    assert [one.step.model_dump_json() for one in steps] == await planned(tmp_path / "alone")
    assert {(one.by, one.fallback) for one in steps} == {("planner", kind)}
    assert all(one.fallback_why for one in steps)
    assert "StepFailed" not in types
    assert types[-1] == "ConclusionReached"


async def test_f04_a_model_that_talks_nonsense_is_repaired_twice_and_then_the_planner_chooses(
    tmp_path: Path,
) -> None:
    thinking = Thinking(Speaker(["Sure! Let me run `kubectl delete` for you."]))
    async with thinking_house(tmp_path, World(), thinking) as house:
        await house.pending()
        steps = await chosen(house)
    assert [one.step.model_dump_json() for one in steps] == await planned(tmp_path / "alone")
    assert {one.fallback for one in steps} == {"invalid"}
    assert len(thinking.speaker.prompts) == 9  # three a Step; then the run is over
    assert steps[0].usage.repairs == 2
    assert steps[0].exchange


async def test_f11_a_model_that_never_answers_costs_the_patience_once(tmp_path: Path) -> None:
    thinking = Thinking(Speaker([None]))
    thinking.speaker.during = thinking.windows.end
    async with thinking_house(tmp_path, World(), thinking) as house:
        await house.pending()
        steps = await chosen(house)
        spent = await house.store.model_calls.spent(T0)
    assert [one.step.model_dump_json() for one in steps] == await planned(tmp_path / "alone")
    assert {(one.by, one.fallback) for one in steps} == {("planner", "slow")}
    assert thinking.windows.asked == [5.0, 31.0, 31.0]
    assert spent.calls == 3
    assert spent.input_tokens > 0  # nobody knows what they cost, so the estimate counts


async def test_f10_a_budget_of_one_token_is_an_investigation_by_the_planner(
    tmp_path: Path,
) -> None:
    thinking = Thinking(Speaker(WHOLE), {"incident_input_tokens": 1})
    async with thinking_house(tmp_path, World(), thinking) as house:
        await house.pending()
        steps = await chosen(house)
    assert thinking.speaker.prompts == []
    assert [one.step.model_dump_json() for one in steps] == await planned(tmp_path / "alone")
    assert {one.fallback for one in steps} == {"budget"}
    assert "LLM_INCIDENT_INPUT_TOKENS is 1:" in steps[0].fallback_why


async def test_f10_a_budget_that_is_spent_in_mid_investigation_hands_over_to_the_planner(
    tmp_path: Path,
) -> None:
    thinking = Thinking(Speaker(WHOLE), {"incident_output_tokens": 100, "output_tokens": 64})
    async with thinking_house(tmp_path, World(), thinking) as house:
        await house.pending()
        steps = await chosen(house)
    assert [(one.by, one.fallback) for one in steps] == [
        (MODEL, ""),
        ("planner", "budget"),
        ("planner", "budget"),
    ]
    assert isinstance(steps[1].step, ProposeAction)
    assert isinstance(steps[2].step, Conclude)


async def test_f10_a_book_that_cannot_be_read_is_a_budget_that_is_spent(tmp_path: Path) -> None:
    thinking = Thinking(Speaker(WHOLE))
    async with thinking_house(tmp_path, World(), thinking, Book(away=True)) as house:
        await house.pending()
        steps = await chosen(house)
    assert {(one.by, one.fallback) for one in steps} == {("planner", "budget")}
    assert "the database is away" in steps[0].fallback_why


async def test_f11_a_model_killed_in_mid_investigation_leaves_the_rest_to_the_planner(
    tmp_path: Path,
) -> None:
    world = World()
    thinking = Thinking(Speaker([looks, failing("unreachable")]))
    async with thinking_house(tmp_path, world, thinking) as house:
        await house.alarm()
        await play(house)
        steps = await chosen(house)
        closed = (await house.state()).incident
    assert [(one.by, one.fallback) for one in steps] == [
        (MODEL, ""),
        ("planner", "unreachable"),
        ("planner", "unreachable"),
    ]
    assert closed.status == "closed"
    assert [version for _, version, _ in world.shop.calls] == ["v41"]


async def test_f10_a_process_killed_while_the_model_thinks_asks_again_and_both_count(
    tmp_path: Path,
) -> None:
    world = World()
    thinking = Thinking(Speaker([None, *WHOLE]))
    asked = asyncio.Event()
    thinking.speaker.during = asked.set
    async with thinking_house(tmp_path, world, thinking) as house:
        await house.alarm()
        driving = asyncio.create_task(house.drive(INC))
        await asked.wait()
        driving.cancel()
        await asyncio.gather(driving, return_exceptions=True)
        assert await chosen(house) == []
    async with thinking_house(tmp_path, world, thinking) as house:
        await house.drive(INC)
        steps = await chosen(house)
        failed = await house.bodies(StepFailed)
        spent = await house.store.model_calls.spent(T0, INC)
    assert [one.effect_id for one in steps] == ["r1s1", "r1s2", "r1s3"]
    assert {one.by for one in steps} == {MODEL}
    assert failed == []
    assert spent.calls == 4
    assert spent.input_tokens > 3000


async def test_f11_a_model_that_fails_in_many_incidents_is_left_alone(tmp_path: Path) -> None:
    thinking = Thinking(Speaker([failing("overloaded")] * 3 + list(WHOLE)))
    async with thinking_house(tmp_path, World(), thinking) as house:
        await house.pending()
        assert len(thinking.speaker.prompts) == 3
        await house.alarm(key="g-INC-2")
        await house.drive("INC-2")
        assert (await house.state("INC-2")).run.done
        assert len(thinking.speaker.prompts) == 3
        thinking.clock.at += 30
        await house.alarm(key="g-INC-3")
        await house.drive("INC-3")
        state = await house.state("INC-3")
    assert state.run.done
    assert len(thinking.speaker.prompts) == 6
