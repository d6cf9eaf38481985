"""What the metrics say of calls, and of how long it took until somebody took care (MTTA)."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot import telemetry
from bot.app.meter import count_event
from bot.incident.fact import Fact
from bot.incident.facts_action import ProposalReminded
from bot.incident.facts_alerts import (
    ConclusionJudged,
    IncidentAcked,
    IncidentEscalated,
    IncidentHandedOff,
    MessageReceived,
)
from bot.incident.facts_run import BudgetSpent, ConclusionReached, EscalationRaised, ToolReturned
from bot.incident.reducer import fold
from tests.bot.incident.making import context, opened, proposed, received, thread

ASKED = proposed()
P = ASKED.proposal.id


def value(name: str, **labels: str) -> float:
    """What /metrics says now; 0 when it says nothing of it."""
    families = text_string_to_metric_families(telemetry.exposition().decode())
    return next(
        (
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == name and sample.labels == labels
        ),
        0.0,
    )


def counted(*facts: Fact) -> None:
    events = thread([opened(), received(), context(), ASKED, *facts], step_s=30)
    state = fold(events)
    for event in events[4:]:
        count_event(state, event)


@pytest.mark.parametrize(
    ("fact", "level", "about"),
    [
        (ProposalReminded(proposal=P), "1", "proposal"),
        (IncidentEscalated(level=2, to="eve", about=P), "2", "proposal"),
        (IncidentEscalated(level=3, to="eve", about="r1s1"), "3", "question"),
        (IncidentEscalated(level=1, to="eve"), "1", "incident"),
        (IncidentEscalated(level=99, to="eve"), "9", "incident"),
    ],
)
def test_g51_calls_are_counted_by_level(fact: Fact, level: str, about: str) -> None:
    before = value("triage_calls_total", level=level, about=about)
    counted(fact)
    assert value("triage_calls_total", level=level, about=about) == before + 1


def test_g50_the_time_to_the_first_ack_is_measured_once() -> None:
    count, total = value("triage_ack_seconds_count"), value("triage_ack_seconds_sum")
    counted(
        IncidentAcked(person="dana"),
        IncidentAcked(person="eve"),
        IncidentHandedOff(to="dana", accepted=False, person="eve"),
        IncidentHandedOff(to="dana", accepted=True, person="dana"),
    )
    assert value("triage_ack_seconds_count") == count + 1
    assert value("triage_ack_seconds_sum") == total + 120


def concluded(by: str = "planner", question: str = "") -> ConclusionReached:
    return ConclusionReached(summary="x", findings=(), by=by, question=question)


def asked(channel: str = "web") -> MessageReceived:
    return MessageReceived(person="dana", text="why?", conversation=channel, question=True)


def test_g10_the_time_to_a_conclusion_is_that_of_the_first_run_alone() -> None:
    name = "triage_time_to_conclusion_seconds"
    count, total = value(f"{name}_count"), value(f"{name}_sum")
    counted(concluded(), asked(), concluded(question="why?"), concluded())
    assert value(f"{name}_count") == count + 1
    assert value(f"{name}_sum") == total + 120


def test_g10_conclusions_are_counted_by_verdict_and_answers_are_none() -> None:
    name = "triage_conclusions_total"
    before = [value(name, verdict=word) for word in ("unjudged", "wrong")]
    counted(
        concluded(),
        asked(),
        concluded(question="why?"),
        ConclusionJudged(person="dana", verdict="wrong"),
    )
    after = [value(name, verdict=word) for word in ("unjudged", "wrong")]
    assert after == [one + 1 for one in before]


@pytest.mark.parametrize(
    ("by", "outcome"),
    [("planner", "planner"), ("openai:gpt-x", "model"), ("triagebot", "given_up")],
)
def test_g10_answers_are_counted_by_who_gave_them_and_where_they_were_asked(
    by: str, outcome: str
) -> None:
    labels = {"outcome": outcome, "surface": "api"}
    before = value("triage_questions_total", **labels)
    counted(concluded(), asked("api"), concluded(by, question="why?"))
    assert value("triage_questions_total", **labels) == before + 1


@pytest.mark.parametrize(
    ("kind", "reason"), [("steps", "steps"), ("no_step", "no_step"), ("", "other")]
)
def test_g10_runs_that_gave_up_are_counted_once_by_a_few_reasons(kind: str, reason: str) -> None:
    before = value("triage_escalations_total", reason=reason)
    raised = EscalationRaised.model_validate({"reason": "any text", "to": "x", "kind": kind})
    counted(BudgetSpent(kind="steps"), raised)
    assert value("triage_escalations_total", reason=reason) == before + 1


def test_f10_calls_that_were_not_made_are_counted_as_cached() -> None:
    labels = {"tool": "loki_query", "outcome": "cached"}
    before = value("triage_tool_calls_total", **labels)
    seen = ToolReturned(
        effect_id="r1s1.0", key="", tool="loki_query", evidence="e", summary="", facts=()
    )
    counted(seen, seen.model_copy(update={"cached": True}))
    assert value("triage_tool_calls_total", **labels) == before + 1
