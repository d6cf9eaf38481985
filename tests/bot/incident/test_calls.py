"""Three failures in a row and a tool rests (factor 9, F-10); equal calls are made once."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.incident.briefing import brief
from bot.incident.calls import AGAIN, REST_AFTER, WITHOUT, resting_tools
from bot.incident.context import ToolOffer
from bot.incident.effects import AskModel, RunTools
from bot.incident.facts_alerts import QuestionAnswered, QuestionExpired
from bot.incident.facts_run import ToolFailed
from bot.incident.model import CompactError
from bot.incident.steps import Conclude
from tests.bot.incident.making import at
from tests.bot.incident.playing import LOKI, PROM, Play, calls


def broken() -> Play:
    """A play in which a tool has failed three times in a row."""
    play = Play()
    for number, why in enumerate(("no route", "timed out", "no route")):
        play.play(calls(PROM, first=number), works=False, why=why)
    return play


def test_factor_9_after_three_failures_in_a_row_a_human_is_asked() -> None:
    play = broken()
    play.settle()
    (asked,) = play.asked
    assert asked.question == (
        "prometheus_query failed 3 times in a row: “no route”; “timed out”. Shall I try it again?"
    )
    assert (asked.options, asked.default) == ((AGAIN, WITHOUT), WITHOUT)
    assert asked.deadline > at(play.now)
    assert resting_tools(play.state) == {PROM}


def test_factor_9_a_fourth_call_is_answered_without_a_call_and_the_run_carries_on() -> None:
    play = broken()
    play.play(calls(PROM, LOKI, first=7), works=True)
    assert [tool for tool, _ in play.made] == [PROM, PROM, PROM, LOKI]
    refused = [one for one in play.state.run.results if "is resting" in one.error]
    assert [(one.tool, one.args) for one in refused] == [(PROM, {"n": 7})]
    assert isinstance(play.settle(), AskModel)


def test_factor_9_a_resting_tool_is_not_offered() -> None:
    offers = tuple(ToolOffer(name, "", {}, "read") for name in (LOKI, PROM))
    made = brief(broken().state, offers, 10)
    assert [one.name for one in made.tools] == [LOKI]
    assert made.resting == (PROM,)


def test_factor_9_a_success_resets_the_count() -> None:
    play = Play()
    for good in (False, False, True, False, False):
        play.play(calls(PROM, first=len(play.made)), works=good)
    assert resting_tools(play.state) == set()
    assert play.asked == []


def test_factor_9_tools_are_counted_apart() -> None:
    play = Play()
    for number in range(2):
        play.play(calls(PROM, LOKI, first=10 * number), works=False)
    assert resting_tools(play.state) == set()


def test_factor_9_try_again_resets_the_count_and_three_more_failures_ask_anew() -> None:
    play = broken()
    play.settle()
    play.add(QuestionAnswered(id=play.asked[0].id, person="dana", value=AGAIN))
    assert resting_tools(play.state) == set()
    for number in range(3):
        play.play(calls(PROM, first=20 + number), works=False)
    play.settle()
    assert [one.id for one in play.asked] == ["rest-prometheus_query-1", "rest-prometheus_query-2"]


@pytest.mark.parametrize("answered", [True, False])
def test_factor_9_go_on_without_it_and_silence_keep_it_at_rest(answered: bool) -> None:
    play = broken()
    play.settle()
    name = play.asked[0].id
    end = QuestionAnswered(id=name, person="dana", value=WITHOUT)
    play.add(end if answered else QuestionExpired(id=name))
    play.settle()
    assert resting_tools(play.state) == {PROM}
    assert len(play.asked) == 1
    assert brief(play.state, (), 10).answers == ()


def test_factor_9_try_again_after_the_run_looks_anew() -> None:
    play = broken()
    play.choose(Conclude(summary="Not enough evidence."))
    play.settle()
    assert play.state.run.done
    play.add(QuestionAnswered(id=play.asked[0].id, person="dana", value=AGAIN))
    effect = play.settle()
    assert isinstance(effect, AskModel)
    assert effect.id == "r2s1"


def test_factor_9_retries_within_a_call_count_once() -> None:
    play = Play()
    play.choose(calls(PROM))
    for _ in range(5):
        effect = play.settle()
        assert isinstance(effect, RunTools)
        error = CompactError(system=PROM, message="blip", retryable=True)
        play.add(
            ToolFailed(effect_id="r1s1.0", key="", tool=PROM, error=error, retry_at=at(play.now))
        )
    assert play.state.run.failed == {}


def test_factor_9_four_calls_at_once_of_one_tool_are_three_calls() -> None:
    play = Play()
    play.play(calls(PROM, PROM, PROM, PROM), works=False)
    assert len(play.made) == REST_AFTER
    again = Play()
    again.play(calls(PROM, PROM, PROM, PROM), works=True)
    assert len(again.made) == 4


steps = st.lists(
    st.tuples(st.lists(st.sampled_from([PROM, LOKI]), min_size=1, max_size=4),
              st.lists(st.booleans(), max_size=4), st.sampled_from(["", AGAIN, WITHOUT])),
    max_size=12,
)  # fmt: skip


@given(steps)
def test_factor_9_no_sequence_leads_to_a_fourth_call(
    story: list[tuple[list[str], list[bool], str]],
) -> None:
    """Whatever is chosen, fails and is answered: never four failed calls in a row of one run."""
    play, number, in_a_row = Play(), 0, Counter[str]()
    seen, run = 0, 1
    for tools, works, answer in story:
        if not isinstance(play.settle(), AskModel):
            return  # the run is over
        if play.state.run.number != run:  # "try again" after its end: a run of its own
            run = play.state.run.number
            in_a_row.clear()
        play.choose(calls(*tools, first=number))
        number += len(tools)
        while play.perform(works=list(works)):
            pass
        for tool, good in play.made[seen:]:
            in_a_row[tool] = 0 if good else in_a_row[tool] + 1
            assert in_a_row[tool] <= REST_AFTER
        seen = len(play.made)
        play.settle()
        for view in play.state.incident.questions.values():
            if answer and view.status == "open":
                play.add(QuestionAnswered(id=view.asked.id, person="dana", value=answer))
                if answer == AGAIN:
                    in_a_row[view.asked.id.split("-")[1]] = 0


def test_f10_an_equal_call_gets_the_same_evidence_without_a_call() -> None:
    play = Play()
    play.play(calls(PROM, query="up"), works=True)
    play.play(calls(PROM, query="up"), works=True)
    assert len(play.made) == 1
    first, second = play.state.run.results
    assert (second.evidence, second.summary, second.facts) == (
        first.evidence, first.summary, first.facts,
    )  # fmt: skip


def test_f10_equal_calls_in_one_step_are_one_call() -> None:
    play = Play()
    play.play(calls(PROM, PROM, PROM, query="up"), works=True)
    assert len(play.made) == 1
    assert len(play.state.run.results) == 3


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, "1"), (0, False), (1, 2)])
def test_f10_calls_that_differ_are_made(one: JsonValue, other: JsonValue) -> None:
    play = Play()
    play.play(calls(PROM, n=one), works=True)
    play.play(calls(PROM, n=other), works=True)
    assert len(play.made) == 2


def test_f10_a_failed_call_is_made_again() -> None:
    play = Play()
    play.play(calls(PROM, query="up"), works=False)
    play.play(calls(PROM, query="up"), works=True)
    assert play.made == [(PROM, False), (PROM, True)]


def test_f10_a_run_that_only_repeats_itself_ends() -> None:
    play = Play()
    for _ in range(3):
        play.play(calls(PROM, query="up"), works=True)
    assert len(play.made) == 1
    play.settle()
    assert play.state.run.spent == "no_new_facts"
    assert play.state.run.done
