"""The model in front, the planner behind (F-11): nothing waits for a model."""

import asyncio
import json
from dataclasses import replace

import pytest
from pydantic import JsonValue

from bot.agent.exchange import ModelError
from bot.agent.relay import GRACE_S, Relay, agrees, keyed
from bot.agent.window import NoRoomError
from bot.errors import ConfigError
from bot.incident.facts_run import FallbackKind, Usage
from bot.incident.steps import AskHuman, CallTools, Conclude, ProposeAction, Step, ToolCall
from bot.knowledge.planner import choose
from bot.ports import Choice
from bot.telemetry import REGISTRY
from tests.bot.agent.minds import (
    MODEL,
    FakeMind,
    Steady,
    Windows,
    context,
    failing,
    nothing_against,
    result,
    settings,
)
from tests.bot.engine.making import RUNBOOK, conclude, look, want

LOOKS = context()
"""The planner has something to look at."""
SEEN = context(result())
"""It has not: it proposes."""
FAILURES: list[FallbackKind] = [
    "budget",
    "slow",
    "rate_limited",
    "overloaded",
    "unreachable",
    "refused",
    "invalid",
]


def relay(
    *lines: Step | Exception | None, windows: Windows | None = None, clock: Steady | None = None
) -> tuple[Relay, FakeMind]:
    front = FakeMind(lines)
    made = Relay(front, settings(), monotonic=clock or Steady(), within=windows or Windows())
    return made, front


def count(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_the_model_chooses_and_is_told_what_the_planner_would_do() -> None:
    made, front = relay(conclude())
    choice = await made.choose(SEEN, nothing_against)
    assert (choice.step, choice.by, choice.fallback) == (conclude(), MODEL, "")
    assert front.asked[0].suggestion == choose(SEEN)
    assert front.asked[0] == replace(SEEN, suggestion=choose(SEEN))
    assert await made.next_step(SEEN) == conclude()
    assert made.name == MODEL


@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize("situation", [LOOKS, SEEN], ids=["looks", "proposes"])
async def test_f11_whatever_fails_the_planner_carries_on_and_says_why(
    kind: FallbackKind, situation: object
) -> None:
    before = count("triage_llm_fallbacks_total", reason=kind)
    error = failing(kind)
    sent: list[JsonValue] = ["what was sent"]
    error.usage, error.exchange = Usage(input_tokens=7, requests=1), sent
    made, _ = relay(error)
    given = LOOKS if situation is LOOKS else SEEN
    choice = await made.choose(given, nothing_against)
    assert (choice.step, choice.by) == (choose(given), "planner")
    assert (choice.fallback, choice.fallback_why) == (kind, f"it is {kind}")
    assert choice.agreed is None
    assert choice.usage.input_tokens == 7
    assert json.loads(choice.exchange) == ["what was sent"]
    assert count("triage_llm_fallbacks_total", reason=kind) == before + 1


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (RuntimeError("a secret of the inside"), "no Step could be made of it: RuntimeError"),
        (ConfigError("there is no prompt"), "no Step could be made of it: there is no prompt"),
    ],
)
async def test_f11_a_bug_on_the_models_side_is_no_reason_to_wait(
    error: Exception, why: str
) -> None:
    made, _ = relay(error)
    choice = await made.choose(SEEN, nothing_against)
    assert (choice.by, choice.fallback, choice.fallback_why) == ("planner", "invalid", why)


async def test_f09_a_providers_words_are_outside_text_before_anybody_reads_them() -> None:
    secret = "ghp_" + "a1B2" * 9
    said = f"no\u202e\x00 for {secret}\nsee https://evil.example/pay or www.evil.example"
    made, _ = relay(ModelError(said, "refused"))
    choice = await made.choose(context(), nothing_against)
    why = choice.fallback_why
    assert secret not in why
    assert "evil" not in why
    assert why.isprintable()
    assert why.startswith("no for ")


async def test_f04_a_refused_step_of_the_model_becomes_the_planners() -> None:
    made, _ = relay(want("v99"))

    def refusal(step: Step) -> str:
        return "there is no v99" if step == want("v99") else ""

    choice = await made.choose(SEEN, refusal)
    assert (choice.by, choice.step, choice.fallback) == ("planner", choose(SEEN), "invalid")
    assert choice.fallback_why == "its Step is refused: there is no v99"


async def test_f11_while_the_planner_can_look_a_slow_model_is_cancelled_and_left_alone() -> None:
    windows = Windows(late=True)
    made, front = relay(None, windows=windows)
    choice = await made.choose(LOOKS, nothing_against)
    assert choice.step == choose(LOOKS)
    assert isinstance(choice.step, CallTools)
    assert (choice.by, choice.fallback) == ("planner", "slow")
    assert choice.fallback_why == ("no answer within 5 s, and the planner had something to look at")
    assert (windows.asked, front.cancelled) == ([5.0], 1)
    again = await made.choose(LOOKS, nothing_against)
    assert (again.fallback, again.fallback_why) == (
        "slow", "it was slow before in this investigation"
    )  # fmt: skip
    assert len(front.asked) == 1


async def test_f11_another_run_and_another_incident_ask_the_model_again() -> None:
    windows = Windows(late=True)
    made, front = relay(None, windows=windows)
    await made.choose(LOOKS, nothing_against)
    await made.choose(replace(LOOKS, effect_id="r1s2"), nothing_against)
    assert len(front.asked) == 1
    await made.choose(replace(LOOKS, effect_id="r2s1"), nothing_against)
    await made.choose(replace(LOOKS, incident="INC-2"), nothing_against)
    assert len(front.asked) == 3


async def test_f11_when_there_is_nothing_to_look_at_a_slow_model_has_until_the_deadline() -> None:
    windows = Windows(late=True)
    made, front = relay(None, windows=windows)
    await made.choose(LOOKS, nothing_against)
    choice = await made.choose(SEEN, nothing_against)
    assert (choice.step, choice.fallback) == (choose(SEEN), "slow")
    assert choice.fallback_why == "no answer within 30 s"
    assert windows.asked == [5.0, 30.0 + GRACE_S]
    assert front.cancelled == 2


async def test_f11_no_task_is_left_behind_by_a_cancelled_model() -> None:
    made, _ = relay(None, windows=Windows(late=True))
    before = asyncio.all_tasks()
    await made.choose(LOOKS, nothing_against)
    assert asyncio.all_tasks() == before


async def test_f11_a_relay_that_is_cancelled_cancels_the_model() -> None:
    made, front = relay(None)
    task = asyncio.create_task(made.choose(SEEN, nothing_against))
    await front.waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert front.cancelled == 1


async def test_f11_a_model_that_fails_three_times_is_left_alone_whatever_the_incident() -> None:
    clock = Steady()
    before = count("triage_llm_rests_total", model=MODEL)
    made, front = relay(*[failing("overloaded")] * 3, conclude(), clock=clock)
    for number in range(3):
        await made.choose(replace(SEEN, incident=f"INC-{number}"), nothing_against)
    choice = await made.choose(SEEN, nothing_against)
    assert (choice.fallback, choice.by) == ("overloaded", "planner")
    assert choice.fallback_why == "it failed of late; left alone for 30 s more"
    assert len(front.asked) == 3
    assert count("triage_llm_rests_total", model=MODEL) == before + 1
    clock.at += 30
    assert (await made.choose(SEEN, nothing_against)).by == MODEL
    assert (await made.choose(SEEN, nothing_against)).by == MODEL


async def test_f11_a_rate_limit_is_honoured_at_once() -> None:
    clock = Steady()
    made, front = relay(failing("rate_limited", retry_after_s=12.0), conclude(), clock=clock)
    await made.choose(SEEN, nothing_against)
    clock.at += 11
    assert (await made.choose(SEEN, nothing_against)).fallback == "rate_limited"
    clock.at += 1
    assert (await made.choose(SEEN, nothing_against)).by == MODEL
    assert len(front.asked) == 2


@pytest.mark.parametrize(
    "harmless",
    [failing("budget"), failing("refused", too_long=True), NoRoomError("it does not fit")],
)
async def test_a_spent_budget_or_a_long_thread_is_no_failure_of_the_model(
    harmless: ModelError,
) -> None:
    made, front = relay(harmless)
    for _ in range(5):
        await made.choose(SEEN, nothing_against)
    assert len(front.asked) == 5


async def test_a_slow_model_that_was_cut_short_for_the_planner_is_no_failure() -> None:
    windows = Windows(late=True)
    made, front = relay(*[None] * 4, conclude(), windows=windows)
    for number in range(4):
        await made.choose(replace(LOOKS, incident=f"INC-{number}"), nothing_against)
    windows.late = False
    assert (await made.choose(SEEN, nothing_against)).by == MODEL
    assert len(front.asked) == 5


PROPOSED = choose(SEEN)
OTHER = CallTools(calls=(ToolCall(tool="http_probe", args={"probe": "b"}), *look("a").calls))


@pytest.mark.parametrize(
    ("planned", "chosen", "same"),
    [
        (look("a", "b"), look("b", "a"), True),
        (look("a"), CallTools(calls=(look("a").calls[0].model_copy(update={"key": ""}),)), True),
        (look("a"), look("a", "b"), False),
        (look("a"), OTHER, False),
        (look("a"), conclude(), False),
        (want(), want().model_copy(update={"reason": "another", "template": ""}), True),
        (want(), want("v40"), True),  # the template is the same
        (want(), want("v40").model_copy(update={"template": ""}), False),
        (AskHuman(question="a?"), AskHuman(question="b?"), True),
        (conclude(), Conclude(summary="Another."), True),
        (conclude(), Conclude(summary="x", outcome="cause_found"), False),
    ],
)
def test_the_planner_and_the_model_agree_when_the_same_would_happen(
    planned: Step, chosen: Step, same: bool
) -> None:
    assert agrees(planned, chosen) is same


@pytest.mark.parametrize(("line", "agreed"), [(PROPOSED, "yes"), (conclude(), "no")])
async def test_agreement_is_kept_and_counted(line: Step, agreed: str) -> None:
    before = count("triage_planner_agreement_total", agreed=agreed)
    made, _ = relay(line)
    choice = await made.choose(SEEN, nothing_against)
    assert choice.agreed is (agreed == "yes")
    assert count("triage_planner_agreement_total", agreed=agreed) == before + 1


async def test_a_read_the_planner_would_make_too_answers_its_diagnostic() -> None:
    planned = choose(LOOKS)
    assert isinstance(planned, CallTools)
    bare = tuple(call.model_copy(update={"key": ""}) for call in planned.calls)
    made, _ = relay(CallTools(calls=bare))
    choice = await made.choose(LOOKS, nothing_against)
    assert isinstance(choice, Choice)
    assert choice.step == planned
    assert RUNBOOK.diagnose[0].id == planned.calls[0].key
    assert keyed(want(), planned) == want()
    assert isinstance(PROPOSED, ProposeAction)
