"""A human's question is a run of its own: when its turn comes, and that none is ever lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incident.briefing import brief
from bot.incident.decide import decide
from bot.incident.effects import AskModel, RunLimits, RunTools, Summarise, Wait
from bot.incident.fact import Fact
from bot.incident.facts_alerts import (
    ConclusionJudged,
    IncidentMerged,
    IncidentReopened,
    IncidentResolved,
    MessageReceived,
    QuestionAnswered,
)
from bot.incident.facts_run import (
    ConclusionReached,
    EscalationRaised,
    InvestigationPaused,
    InvestigationResumed,
)
from bot.incident.model import Finding
from bot.incident.steps import AskHuman, Conclude, Step
from bot.web.views import unanswered
from tests.bot.incident.making import at, context, received
from tests.bot.incident.playing import LOKI, PROM, Play, calls

FOUND = Conclude(
    summary="v42 broke it.",
    findings=(Finding(claim="errors began", evidence=("er1s1.0",)),),
    outcome="cause_found",
)
REPLY = Conclude(summary="v42 went out.", outcome="answered")


def asked(text: str = "what changed?", person: str = "dana") -> MessageReceived:
    return MessageReceived(person=person, text=text, conversation="web", question=True)


def answered(play: Play) -> list[tuple[str, str]]:
    """Return what was asked and answered, in order of the answers."""
    given_ = play.state.incident.answers_given
    return [(one.asked.text if one.asked else "", one.summary) for one in given_]


def finished() -> Play:
    play = Play()
    play.play(calls(PROM), works=True)
    play.choose(FOUND)
    play.settle()
    return play


def test_f14_an_answer_changes_nothing_about_the_incidents_conclusion() -> None:
    play = finished()
    play.add(ConclusionJudged(person="dana", verdict="right"))
    before = play.state.incident
    kept = (before.conclusion, before.findings, before.conclusion_by, before.ended, before.judged)
    play.add(asked())
    play.play(calls(LOKI), works=True)
    play.choose(REPLY)
    play.settle()
    after = play.state.incident
    assert answered(play) == [("what changed?", "v42 went out.")]
    assert kept == (
        after.conclusion, after.findings, after.conclusion_by, after.ended, after.judged,
    )  # fmt: skip


def test_a_question_of_a_run_sees_what_runs_before_it_saw() -> None:
    play = finished()
    play.add(asked())
    made = brief(play.state, (), 10)
    assert made.question is not None
    assert [one.evidence for one in made.results] == ["er1s1.0"]
    assert made.situation.conclusion == "v42 broke it."
    assert made.situation.findings == FOUND.findings


def test_f10_a_question_has_steps_of_its_own_and_waits_for_no_debounce() -> None:
    play = finished()
    play.add(asked())
    effect = decide(play.state, at(play.now), RunLimits(debounce_s=9999, max_steps=10))
    assert effect == AskModel("r2s1", 10, asked=True)


def test_f10_an_equal_call_of_another_run_is_made_again() -> None:
    play = finished()
    play.add(asked())
    play.play(calls(PROM), works=True)
    assert len(play.made) == 2


def test_questions_during_a_run_wait_and_are_answered_in_order() -> None:
    play = Play()
    play.choose(calls(PROM))
    play.add(asked("one?"), asked("two?", "eve"))
    assert [one.text for one in unanswered(play.state)] == ["one?", "two?"]
    assert isinstance(play.settle(), RunTools)
    play.perform(works=True)
    play.choose(FOUND)
    for _ in range(2):
        play.choose(REPLY)
    play.settle()
    assert [text for text, _ in answered(play)] == ["one?", "two?"]
    assert play.state.incident.conclusion == "v42 broke it."
    assert play.state.run.done


def test_factor_7_a_question_is_answered_while_the_bot_waits_for_a_human() -> None:
    play = Play()
    play.choose(AskHuman(question="Is the sale on?", answer="yes_no"))
    play.settle()
    play.add(asked())
    play.choose(REPLY)
    assert isinstance(play.settle(), Wait)
    assert answered(play) == [("what changed?", "v42 went out.")]
    play.add(QuestionAnswered(id="r1s1", person="dana", value="yes"))
    effect = play.settle()
    assert isinstance(effect, AskModel)
    assert effect.id == "r1s2"
    assert [one.value for one in brief(play.state, (), 10).answers] == ["yes"]


def test_factor_6_a_question_is_answered_while_the_investigation_is_paused() -> None:
    play = Play()
    play.choose(calls(PROM))
    play.add(InvestigationPaused(by="eve"), asked())
    play.choose(REPLY)
    assert isinstance(play.settle(), Wait)
    assert answered(play) == [("what changed?", "v42 went out.")]
    assert play.made == []
    play.add(InvestigationResumed(by="eve"))
    assert play.perform(works=True)
    assert play.made == [(PROM, True)]


def test_a_resolved_incident_answers_and_closes_afterwards() -> None:
    play = finished()
    play.add(received(play.state.incident.firing[0].model_copy(update={"status": "resolved"})))
    play.settle()
    play.add(asked())
    play.now += 10_000
    effect = play.next()
    assert isinstance(effect, AskModel)
    play.choose(REPLY)
    assert isinstance(play.settle(), Summarise)
    assert answered(play) == [("what changed?", "v42 went out.")]


def test_what_is_merged_says_where_to_ask() -> None:
    play = finished()
    play.add(asked("one?"), asked("two?"), IncidentMerged(person="dana", into="INC-7"))
    play.settle()
    assert answered(play) == [
        (text, "This incident is part of INC-7 now; ask there.") for text in ("one?", "two?")
    ]


def test_a_question_under_way_when_it_fires_again_is_answered_after_the_new_run() -> None:
    play = finished()
    play.add(
        asked("one?"), asked("two?"), IncidentResolved(reason="x"), IncidentReopened(reason="y")
    )
    assert play.state.run.context is None
    assert [one.text for one in unanswered(play.state)] == ["one?", "two?"]


@pytest.mark.parametrize("limits", [RunLimits(max_steps=1), RunLimits(run_max_s=0)])
def test_f10_a_question_over_its_budget_is_told_what_was_seen(limits: RunLimits) -> None:
    play = finished()
    play.add(asked())
    play.play(calls(LOKI), works=True)
    effect = decide(play.state, at(play.now), limits)
    facts = getattr(effect, "facts", ())
    assert not [fact for fact in facts if isinstance(fact, EscalationRaised)]
    (told,) = [fact for fact in facts if isinstance(fact, ConclusionReached)]
    assert told.question == "what changed?"
    assert told.summary.startswith("I could not answer that: I used ")


def _steer(play: Play, move: str, number: int) -> None:
    """Say from outside what a move stands for."""
    facts: dict[str, Fact] = {
        "ask": asked(f"q{number}"),
        "pause": InvestigationPaused(by="eve"),
        "resume": InvestigationResumed(by="eve"),
        "resolve": IncidentResolved(reason="by hand"),
        "fire": IncidentReopened(reason="again"),
    }
    open_now = [name for name, one in play.state.incident.questions.items() if one.status == "open"]
    if move == "answer":
        play.add(*(QuestionAnswered(id=name, person="dana", value="yes") for name in open_now))
    elif move in facts:
        play.add(facts[move])
    if play.state.run.context is None:
        play.add(context())


def _choose(play: Play, move: str, number: int) -> None:
    """Choose the Step a move stands for, if one is asked for; else perform what is due."""
    steps: dict[str, Step] = {
        "look": calls(PROM, first=number),
        "human": AskHuman(question=f"{number}?"),
        "conclude": REPLY,
    }
    if move in steps and isinstance(play.settle(), AskModel):
        play.choose(steps[move])
    else:
        play.perform(works=True)


MOVES = ["ask", "look", "conclude", "human", "answer", "pause", "resume", "resolve", "fire"]


@given(st.lists(st.sampled_from(MOVES), max_size=25))
def test_no_question_is_lost_and_none_is_answered_twice(story: list[str]) -> None:
    """Each question is answered once or still stands in line, whatever happens around it."""
    play = Play()
    for number, move in enumerate(story):
        _steer(play, move, number)
        _choose(play, move, number)
    play.settle()
    said = [one.text for one in play.state.incident.said if one.question]
    given_ = [text for text, _ in answered(play)]
    standing = [one.text for one in unanswered(play.state)]
    assert sorted(given_ + standing) == sorted(said)
