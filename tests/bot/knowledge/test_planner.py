from dataclasses import replace

import pytest

from bot.incident.steps import AskHuman, Conclude, ProposeAction, Step
from bot.knowledge.planner import RunbookPlanner, choose
from tests.bot.knowledge.situations import (
    a_context,
    a_result,
    a_runbook,
    action,
    calls,
    keys,
    offered,
    proposed,
    question,
    seen,
    told,
)

STORY = a_runbook(
    """
diagnose:
- {id: errors, tool: prometheus_query, args: {query: 'errors{service="${service}"}'}}
- {id: deploys, tool: changes_recent, args: {service: "${service}"}}
- {id: state, tool: http_probe, when: {fact: errors.value, op: gt, value: 1}, args: {probe: state}}
- {id: diff, tool: prometheus_query, args: {query: "${deploys.latest_version}"}}
- {id: host, tool: prometheus_query, args: {query: 'up{instance="${labels.instance}"}'}}
- {id: pod, tool: prometheus_query, args: {query: 'up{pod="${labels.pod}"}'}}
outcomes:
- name: over
  when: {fact: errors.value, op: lt, value: 1}
  conclude: "${service} has ${errors.value} % errors; it is over."
- name: bad deploy
  when: {all: [{fact: errors.value, op: ge, value: 5}, {fact: deploys.latest_age_s, op: lt, value: 600}]}
  conclude: "${deploys.latest_version} broke ${service}."
  confidence: high
  propose: rollback
- name: admitted
  when: {fact: answer.value, op: eq, value: "yes"}
  conclude: A human says it was them.
- name: unclear
  when: {fact: state.degraded, op: eq, value: true}
  conclude: It is degraded.
  ask: {question: "Was it you who changed ${service}?", kind: yes_no}
otherwise: {question: "What else changed?"}
actions:
- id: rollback
  tool: job_run
  args: {job: rollback, params: {service: "${service}", version: "${deploys.latest_previous}", n: "${errors.value}"}}
  reason: Errors began after ${deploys.latest_version}.
"""  # noqa: E501 - one line a thing reads best here
)
ERRORS = a_result("errors", value=7.5)
DEPLOY = a_result("deploys", latest_version="v42", latest_previous="v41", latest_age_s=60)


def concluded(step: Step) -> Conclude:
    assert isinstance(step, Conclude), step
    return step


def test_what_can_be_looked_at_is_looked_at_at_once() -> None:
    step = choose(a_context(STORY))
    assert keys(step) == ["errors", "deploys", "host"]
    assert calls(step)[0].args == {"query": 'errors{service="checkout"}'}
    assert calls(step)[2].args == {"query": 'up{instance="shop:8000"}'}


def test_a_condition_and_a_fill_wait_for_their_facts() -> None:
    context = seen(a_context(STORY), a_result("errors", value=2), a_result("host"))
    assert keys(choose(context)) == ["deploys", "state"]
    context = seen(context, replace(DEPLOY, facts=DEPLOY.facts[:2]))
    assert keys(choose(context)) == ["state", "diff"]


def test_a_false_condition_skips_its_diagnostic() -> None:
    context = seen(a_context(STORY), a_result("errors", value=1), DEPLOY, a_result("host"))
    assert keys(choose(context)) == ["diff"]


def test_more_than_four_diagnostics_come_in_turns() -> None:
    steps = "\n".join(f"- {{id: d{n}, tool: t}}" for n in range(6))
    context = a_context(a_runbook(f"diagnose:\n{steps}"))
    assert keys(choose(context)) == ["d0", "d1", "d2", "d3"]
    context = seen(context, *(a_result(f"d{n}") for n in range(4)))
    assert keys(choose(context)) == ["d4", "d5"]


def test_a_failed_look_is_not_repeated() -> None:
    context = seen(a_context(STORY), a_result("errors", error="prometheus: refused"))
    assert "errors" not in keys(choose(context))


def test_a_proven_outcome_comes_before_the_next_look() -> None:
    step = choose(seen(a_context(STORY), a_result("errors", value=0.25)))
    assert concluded(step).summary == "checkout has 0.25 % errors; it is over."


def test_a_proven_outcome_proposes_with_exact_arguments_and_evidence() -> None:
    step = choose(seen(a_context(STORY), ERRORS, DEPLOY))
    assert action(step) == (
        "job_run",
        {"job": "rollback", "params": {"service": "checkout", "version": "v41", "n": "7.5"}},
    )
    assert isinstance(step, ProposeAction)
    assert (step.template, step.reason) == ("rollback", "Errors began after v42.")
    assert [found.evidence for found in step.findings] == [("e-errors", "e-deploys")]
    assert step.findings[0].confidence == "high"


@pytest.mark.parametrize(
    ("status", "why", "words"),
    [
        ("pending", "", "What to do about it is proposed."),
        ("succeeded", "", "ran; it succeeded."),
        ("denied", "too risky", "The proposal was denied. too risky"),
        (
            "refused",
            "READ-ONLY: no rule allows it",
            "was not put to a decision: READ-ONLY: no rule",
        ),
    ],
)
def test_the_same_action_is_proposed_once(status: str, why: str, words: str) -> None:
    context = proposed(seen(a_context(STORY), ERRORS, DEPLOY), "rollback", status, why)
    step = concluded(choose(context))
    assert step.summary.startswith("v42 broke checkout. ")
    assert words in step.summary
    assert step.findings[0].evidence == ("e-errors", "e-deploys")


def test_an_action_whose_target_is_not_known_is_not_proposed() -> None:
    deploy = a_result("deploys", latest_version="v42", latest_age_s=60)
    step = concluded(choose(seen(a_context(STORY), ERRORS, deploy)))
    assert "not proposed: deploys.latest_previous is not known" in step.summary


def test_f05_a_service_named_only_by_the_alert_is_no_target() -> None:
    context = seen(a_context(STORY, service=None), ERRORS, DEPLOY)
    assert "not proposed: service is not known" in concluded(choose(context)).summary


def test_an_outcome_asks_once_and_its_answer_counts() -> None:
    context = seen(
        a_context(STORY), a_result("errors", value=2), DEPLOY, a_result("state", degraded=True)
    )
    context = seen(context, a_result("diff"), a_result("host"))
    asked = question(choose(context))
    assert asked == "Was it you who changed checkout?"
    assert concluded(choose(told(context, asked, "no"))).summary == "It is degraded."
    assert concluded(choose(told(context, asked, None))).summary == "It is degraded."
    assert concluded(choose(told(context, asked, "yes"))).summary == "A human says it was them."


def test_a_question_carries_its_default_and_its_deadline() -> None:
    book = a_runbook('otherwise: {question: "ok?", kind: yes_no, default: no, deadline: 2h}')
    step = choose(a_context(book, service=None))
    assert isinstance(step, AskHuman)
    assert (step.answer, step.default, step.deadline_s) == ("yes_no", "no", 7200)
    plain = choose(a_context(a_runbook('otherwise: {question: "ok?"}'), service=None))
    assert isinstance(plain, AskHuman)
    assert (plain.default, plain.deadline_s) == ("", 0)


def test_otherwise_is_asked_once_and_then_the_run_says_what_it_saw() -> None:
    context = seen(
        a_context(STORY),
        a_result("errors", error="prometheus: refused the connection"),
        a_result("deploys", count=0),
        a_result("host"),
    )
    asked = question(choose(context))
    assert asked == "What else changed?"
    step = concluded(choose(told(context, asked, "the moon")))
    assert step.findings == ()
    for words in (
        "Not enough evidence",
        "errors: prometheus_query failed: prometheus: refused the connection",
        "deploys: deploys was seen",
        "state: not looked at, errors.value is not known",
        "diff: not looked at, deploys.latest_version is not known",
        "pod: not looked at, labels.pod is not known",
        "the last answer was 'the moon'",
    ):
        assert words in step.summary


def test_a_tool_that_is_not_configured_is_said_to_be() -> None:
    context = offered(a_context(STORY), "changes_recent")
    assert keys(choose(context)) == ["deploys"]
    context = told(seen(context, a_result("deploys")), "What else changed?", None)
    assert "errors: not looked at, prometheus_query is not configured" in (
        concluded(choose(context)).summary
    )


def test_the_last_step_of_a_run_is_never_a_look() -> None:
    context = replace(a_context(STORY), remaining=1)
    assert question(choose(context)) == "What else changed?"
    step = choose(told(context, "What else changed?", None))
    assert "the last step of this run was reached" in concluded(step).summary


def test_without_a_runbook_only_changes_are_looked_at() -> None:
    context = a_context(None)
    step = choose(context)
    assert [(call.tool, call.args) for call in calls(step)] == [
        ("changes_recent", {"service": "checkout", "window_s": 86400})
    ]
    said = concluded(choose(seen(context, a_result("changes")))).summary
    assert "No runbook matches." in said
    assert "changes was seen" in said
    assert "named for HighErrorRate" in said


def test_without_runbook_and_service_the_run_ends_at_once() -> None:
    said = concluded(choose(a_context(None, service=None))).summary
    assert "The service is not known. Nothing was looked at." in said


def test_a_runbook_for_humans_says_so() -> None:
    context = seen(a_context(a_runbook()), a_result("changes", error="no database"))
    said = concluded(choose(context)).summary
    assert "the runbook 'Errors' is for humans to read" in said
    prose = a_runbook().model_copy(update={"text": "## Diagnosis\n\n1. Is it up?\n2. Look."})
    told = concluded(choose(seen(a_context(prose), a_result("changes")))).summary
    assert "Read the runbook; it begins: Is it up? / Look. Looked at:" in told
    assert "prometheus_query failed: no database" in said
    asks = a_context(a_runbook('otherwise: {question: "What do you see?"}'), service=None)
    assert question(choose(asks)) == "What do you see?"


async def test_the_planner_is_a_step_model() -> None:
    context = a_context(STORY)
    assert await RunbookPlanner().next_step(context) == choose(context)
    assert RunbookPlanner.name == "planner"


def test_a_runbook_that_was_never_checked_harms_nobody() -> None:
    unchecked = STORY.model_copy(update={"actions": ()})
    step = concluded(choose(seen(a_context(unchecked), ERRORS, DEPLOY)))
    assert "names the action rollback and does not permit it" in step.summary
