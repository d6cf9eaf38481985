"""Plain questions answered without a model: by their words, out of the Context, with evidence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incident.context import Context, Proposed, Remark, Situation
from bot.incident.model import Change, Finding, Service, Similar
from bot.incident.steps import CallTools, Conclude
from bot.knowledge import answering, planner
from tests.bot.knowledge.situations import a_context, a_result, a_runbook, calls, offered, proposed

T0 = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
BOOK = a_runbook(
    """
match: ['alertname="HighErrorRate"']
diagnose:
  - id: state
    tool: http_probe
outcomes:
  - name: broken
    when: {fact: state.healthy, op: eq, value: false}
    conclude: It is broken.
    propose: rollback
actions:
  - id: rollback
    tool: job_run
    args: {job: rollback}
    reason: broken
""",
    body="# Errors\n\n1. Look at the dashboard.\n2. Call the owner.\n",
)
DEPLOY = Change(
    id="d", source="ci", service="checkout", version="v42", previous="v41", by="dana", at=T0
)


def asking(text: str, **changed: object) -> Context:
    made = replace(
        a_context(BOOK, Service(name="checkout", title="Checkout", owner="group:payments")),
        question=Remark("dana", text, question=True, at=T0),
        changes=(DEPLOY,),
        similar=(Similar(incident="INC-0", title="Errors", at=T0, conclusion="a bad deploy"),),
        situation=Situation(
            status="open", opened_at=T0, firing=2, alerts=3, acked_by="eve",
            called="level 1: group:payments",
        ),
    )  # fmt: skip
    return replace(made, **changed)  # pyright: ignore[reportArgumentType]


def told(context: Context) -> str:
    step = planner.choose(context)
    assert isinstance(step, Conclude), step
    assert step.outcome == "answered"
    return step.summary


@pytest.mark.parametrize(
    ("question", "topics"),
    [
        ("what changed?", ("changed",)),
        ("Who deployed last?", ("changed",)),
        ("which version is live", ("changed",)),
        ("what did you find?", ("found",)),
        ("why is it slow?", ("found",)),
        ("why, and who owns it?", ("found", "owner")),
        ("who owns this?", ("owner",)),
        ("who is on call?", ("owner",)),
        ("what was done?", ("done",)),
        ("was the rollback approved?", ("done",)),
        ("have we seen this before?", ("similar",)),
        ("which runbook?", ("runbook",)),
        ("status?", ("status",)),
        ("what's going on", ("status",)),
        ("roll checkout back to v41", ("wish",)),
        ("please roll back", ("wish",)),
        ("can you restart it?", ("wish",)),
        ("approve P-7F3K", ("wish",)),
        ("triagebot, approve it", ("wish",)),
        ("is the moon full?", ()),
        ("", ()),
        ("🙂", ()),
    ],
)
def test_a_question_is_known_by_its_words(question: str, topics: tuple[str, ...]) -> None:
    assert answering.topics(question) == topics


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("what changed?", ("deploy of v42 (before: v41) by dana at 5 Jan 03:00 UTC",)),
        ("what did you find?", ("No cause is found yet", "Nothing is found yet")),
        ("who owns it?", ("Checkout is owned by group:payments. eve takes care", "escalate INC-1")),
        ("what was done?", ("Nothing was proposed, and nothing was changed by me.",)),
        ("seen before?", ("INC-0 Errors, 5 Jan 03:00 UTC: a bad deploy",)),
        ("which runbook?", ("'Errors'", "Look at the dashboard", "permits: rollback (job_run)")),
        ("status?", ("INC-1 is open since 5 Jan 03:00 UTC", "2 of 3 alerts fire", "eve takes")),
        ("roll back", ("I change nothing by being told to", "permits: rollback (job_run)")),
        ("approve P-7F3K", ("Words in a question decide nothing", "Nothing waits")),
        ("is the moon full?", ("No model is at work here", "Nothing was done.")),
    ],
)
def test_plain_questions_are_answered_from_the_context(
    question: str, parts: tuple[str, ...]
) -> None:
    said = told(offered(asking(question), "http_probe"))
    if question == "what did you find?":
        assert any(part in said for part in parts)
    else:
        assert all(part in said for part in parts), said


def test_what_was_found_cites_the_evidence_it_was_found_with() -> None:
    finding = Finding(claim="errors began with v42", evidence=("e1",))
    situation = Situation(conclusion="v42 broke it.", by="planner", findings=(finding,))
    step = planner.choose(asking("why?", situation=situation))
    assert isinstance(step, Conclude)
    assert step.findings == (finding,)
    assert "What was found (planner): v42 broke it." in step.summary


def test_without_a_conclusion_what_was_seen_is_told_with_its_evidence() -> None:
    step = planner.choose(asking("what did you find?", results=(a_result("state", healthy=False),)))
    assert isinstance(step, Conclude)
    assert [one.evidence for one in step.findings] == [("e-state",)]


def test_what_changed_is_looked_at_afresh_once_and_cited() -> None:
    context = offered(asking("what changed?"), "changes_recent")
    step = planner.choose(context)
    (call,) = calls(step)
    assert (call.tool, call.args["service"]) == ("changes_recent", "checkout")
    old = replace(a_result("changes"), tool="changes_recent", at=T0 - timedelta(seconds=5))
    assert isinstance(planner.choose(replace(context, results=(old,))), CallTools)
    new = replace(old, evidence="e-new", at=T0 + timedelta(seconds=5))
    end = planner.choose(replace(context, results=(old, new)))
    assert isinstance(end, Conclude)
    assert [one.evidence for one in end.findings] == [("e-new",)]


def test_a_look_that_failed_or_rests_does_not_stand_in_the_way() -> None:
    context = offered(asking("what changed?"), "changes_recent")
    failed = replace(
        a_result("changes", error="away"), tool="changes_recent", at=T0 + timedelta(seconds=5)
    )
    assert "v42" in told(replace(context, results=(failed,)))
    assert "v42" in told(replace(context, resting=("changes_recent",)))


def test_factor_1_a_wish_names_what_a_runbook_permits_and_what_became_of_it() -> None:
    said = told(proposed(asking("roll checkout back to v41"), "rollback", "denied", "not now"))
    assert "rollback (job_run) - The proposal was denied. not now" in said
    assert "Nothing was done." in said
    assert "No runbook permits an action here." in told(asking("restart it", runbook=None))


def test_f14_approve_in_a_question_points_to_the_proposal() -> None:
    waits = Proposed("rollback", "job_run", {}, "pending")
    said = told(asking("approve it", proposed=(waits,)))
    assert "Words in a question decide nothing" in said
    assert "Nothing waits" not in said


@given(st.text(max_size=300))
def test_factor_1_no_question_crashes(text: str) -> None:
    step = planner.choose(asking(text))
    assert isinstance(step, Conclude)
    assert step.summary
    assert len(step.summary) <= answering.ANSWER_CHARS
