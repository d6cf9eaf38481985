"""What a Step may cost (F-10), and the second look that can only lower."""

import asyncio

import pytest

from bot.agent.exchange import ModelError
from bot.incident.facts_run import Usage
from bot.incident.steps import Conclude
from bot.telemetry import REGISTRY
from tests.bot.agent.minds import context, failing
from tests.bot.agent.stage import (
    FOUND,
    LOOKING,
    NO_STEP,
    OFFERS,
    PROMPTS,
    SEEN,
    Stage,
    count,
    ending,
    finding,
)
from tests.bot.engine.making import look


async def test_f10_over_budget_no_request_is_made() -> None:
    before = count("triage_llm_requests_total", outcome="ok")
    stage = Stage(FOUND, incident_input_tokens=1)
    with pytest.raises(ModelError, match="LLM_INCIDENT_INPUT_TOKENS is 1:") as raised:
        await stage.choose()
    assert raised.value.kind == "budget"
    assert (stage.speaker.prompts, stage.book.rows) == ([], {})
    assert count("triage_llm_requests_total", outcome="ok") == before


async def test_f10_a_repair_is_a_request_too_and_may_be_one_too_many() -> None:
    stage = Stage(NO_STEP, incident_output_tokens=100, output_tokens=64)
    with pytest.raises(ModelError, match="LLM_INCIDENT_OUTPUT_TOKENS is 100") as raised:
        await stage.choose()
    assert len(stage.speaker.prompts) == 1
    assert raised.value.usage.output_tokens == 50
    assert stage.book.outcomes == ["ok"]


async def test_f10_a_book_that_is_away_is_over_budget() -> None:
    stage = Stage(FOUND)
    stage.book.away = True
    with pytest.raises(ModelError, match="cannot be read or written") as raised:
        await stage.choose()
    assert raised.value.kind == "budget"
    assert stage.speaker.prompts == []


async def test_a_book_that_goes_away_while_the_model_answers_loses_no_step() -> None:
    stage = Stage(FOUND)

    def goes_away() -> None:
        stage.book.away = True

    stage.speaker.during = goes_away
    assert isinstance((await stage.choose()).step, Conclude)
    assert stage.book.outcomes == ["slow"]  # it counts as it was estimated


async def test_f10_a_cancelled_call_counts_as_it_was_estimated() -> None:
    before = count("triage_llm_requests_total", outcome="slow")
    stage = Stage(None)
    asked = asyncio.Event()
    stage.speaker.during = asked.set
    task = asyncio.create_task(stage.choose())
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (row,) = stage.book.rows.values()
    assert (row.outcome, row.output_tokens) == ("slow", 0)
    assert row.input_tokens > row.estimated_tokens > 0
    assert count("triage_llm_requests_total", outcome="slow") == before + 1


async def test_a_price_that_one_request_lacks_leaves_the_steps_unknown() -> None:
    stage = Stage(NO_STEP, FOUND)
    stage.speaker.usage = Usage(input_tokens=10, output_tokens=1, micro_usd=None)
    assert (await stage.choose()).usage.micro_usd is None


async def test_a_failed_request_that_cost_nothing_leaves_the_price_known() -> None:
    stage = Stage(failing("refused", too_long=True), FOUND)
    assert (await stage.choose()).usage.micro_usd == 300


async def test_f12_the_model_of_a_chain_that_answered_is_who_chose_and_who_is_in_the_book() -> None:
    labels = {"model": "other:model", "outcome": "ok"}
    before = REGISTRY.get_sample_value("triage_llm_requests_total", labels) or 0.0
    stage = Stage(FOUND)
    stage.speaker.by = "other:model"
    assert (await stage.choose()).by == "other:model"
    assert [one.model for one in stage.book.rows.values()] == ["other:model"]
    assert REGISTRY.get_sample_value("triage_llm_requests_total", labels) == before + 1


SURE = ending(finding("v42 is broken", "e1", "e2"), finding("it fails", "e1", confidence="medium"))


def confidences(step: object) -> list[str]:
    assert isinstance(step, Conclude)
    return [one.confidence for one in step.findings]


@pytest.mark.parametrize(
    ("second", "left"),
    [
        ({"confidence": ["low", "high"]}, ["low", "medium"]),
        ({"confidence": ["medium", "low"]}, ["medium", "low"]),
        ({"confidence": ["low"]}, ["high", "medium"]),
        ({"confidence": ["low", "certain"]}, ["high", "medium"]),
        ({"confidence": ["low", "low"], "summary": "x"}, ["high", "medium"]),
        ("prose", ["high", "medium"]),
        (failing("overloaded"), ["high", "medium"]),
    ],
    ids=str,
)
async def test_f05_a_second_look_lowers_or_changes_nothing(second: object, left: list[str]) -> None:
    stage = Stage(SURE, second, second_look=True)
    choice = await stage.choose()
    assert confidences(choice.step) == left
    assert choice.usage.requests == len(stage.book.rows) == 2
    assert PROMPTS.style("generalist").words["second_look"] in stage.speaker.notes[1]
    assert stage.speaker.prompts[1].schema != stage.speaker.prompts[0].schema
    assert stage.speaker.prompts[1].volatile == stage.speaker.prompts[0].volatile


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        (LOOKING, {"second_look": True}),
        (ending(finding("v42 is broken", "e1", confidence="low")), {"second_look": True}),
        (FOUND, {}),
    ],
    ids=["claims nothing", "is not sure of anything", "not switched on"],
)
async def test_no_second_look_where_there_is_nothing_to_lower(
    line: object, changed: dict[str, bool]
) -> None:
    stage = Stage(line, **changed)
    await stage.choose()
    assert len(stage.speaker.prompts) == 1


async def test_f11_a_second_look_keeps_nobody_waiting() -> None:
    """While the planner has something to look at, there is the patience and no more."""
    given = context(*SEEN.results, tools=OFFERS, suggestion=look())
    stage = Stage(FOUND, {"confidence": ["low"]}, second_look=True, patience_s=5)

    def later() -> None:
        stage.clock.at += 4

    stage.speaker.during = later
    await stage.choose(given)
    assert stage.speaker.deadlines == [30, 0.5]

    stage.clock.at, stage.speaker.prompts = 0, []

    def much_later() -> None:
        stage.clock.at += 4.6

    stage.speaker.during = much_later
    assert confidences((await stage.choose(given)).step) == ["high"]
    assert len(stage.speaker.prompts) == 1


async def test_f10_a_second_look_over_budget_changes_nothing() -> None:
    stage = Stage(FOUND, {"confidence": ["low"]}, second_look=True, incident_output_tokens=64)
    choice = await stage.choose()
    assert confidences(choice.step) == ["high"]
    assert len(stage.speaker.prompts) == 1
