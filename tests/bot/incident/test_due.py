from collections.abc import Sequence

import pytest

from bot.incident import facts_action as act
from bot.incident import facts_alerts as al
from bot.incident import facts_run as run
from bot.incident.due import due_facts, undo_step
from bot.incident.effects import RunLimits
from bot.incident.fact import Fact
from bot.incident.model import CompactError, Observation
from bot.incident.reducer import fold
from bot.incident.steps import AskHuman, Conclude
from tests.bot.incident.making import (
    alert,
    approved,
    at,
    context,
    decided,
    opened,
    proposal,
    proposed,
    received,
    started,
    thread,
)
from tests.bot.incident.test_reducer import ASKED, CALLS, LOOK, OTHER, SEEN, SETTLED, WISH

LIMITS = RunLimits(debounce_s=0, max_steps=3, question_ttl_s=300, approval_use_s=600)
ENDED = run.ConclusionReached(summary="a bad deploy", findings=(), by="planner")
OVER = al.IncidentResolved(reason="every alert resolved")
BY_HAND = al.IncidentResolved(reason="closed by dana: false alarm")
MERGED = al.IncidentMerged(person="dana", into="INC-2")
REST: list[Fact] = [*SETTLED, ASKED, ENDED]
DONE = act.ActionFinished(attempt=started(ASKED).attempt, ok=True, evidence="e", summary="done")
SUCCEEDED: list[Fact] = [
    *SETTLED, ASKED, decided(ASKED), approved(ASKED), started(ASKED), DONE, ENDED,
]  # fmt: skip
WORSE = act.ActionRegressed(
    proposal=ASKED.proposal.id, digest=ASKED.digest, n=0, evidence="e", why="it got worse"
)
UNDO = proposed(
    proposal("ZZZZ2222", title="Undo"), effect_id="undo-7F3KQ2AB", undo_of=ASKED.proposal.id
)


def due(
    history: Sequence[Fact], seconds: float = 0.0, limits: RunLimits = LIMITS
) -> tuple[Fact, ...]:
    return due_facts(fold(thread(history)), at(len(history) - 1 + seconds), limits)


def kinds(history: Sequence[Fact], seconds: float = 0.0, limits: RunLimits = LIMITS) -> list[str]:
    return [type(fact).__name__ for fact in due(history, seconds, limits)]


def test_nothing_is_due_in_a_quiet_thread() -> None:
    assert due(REST) == ()


def test_d08_resolved_only_when_every_alert_is() -> None:
    two = received(alert(), alert(fingerprint="b2"))
    one = received(alert("resolved"), delivery="d2")
    both = received(alert("resolved"), alert("resolved", "b2"), delivery="d3")
    assert kinds([opened(), two, context(), ENDED, one]) == []
    assert kinds([opened(), two, context(), ENDED, both]) == ["IncidentResolved"]


def test_d08_a_truncated_group_is_never_taken_for_resolved() -> None:
    cut = received(alert("resolved"), delivery="d2", truncated=7)
    whole = received(alert("resolved"), delivery="d3")
    assert kinds([opened(), received(), context(), ENDED, cut]) == []
    assert kinds([opened(), received(), context(), ENDED, cut, whole]) == ["IncidentResolved"]


def test_an_incident_without_alerts_does_not_resolve_by_itself() -> None:
    assert kinds([opened(), context(), ENDED], 99999) == []


def test_a_refire_before_closing_reopens() -> None:
    quiet = [opened(), received(), context(), ENDED, received(alert("resolved")), OVER]
    assert kinds(quiet) == []
    assert kinds([*quiet, received(delivery="d3")]) == ["IncidentReopened"]


def test_what_a_human_resolved_stays_so_until_it_fires_anew() -> None:
    closed = [opened(), received(), context(), ENDED, BY_HAND]
    assert kinds(closed) == []
    assert kinds([*closed, received(delivery="d2")]) == ["IncidentReopened"]


def test_a_merged_incident_is_not_reopened() -> None:
    quiet = [opened(), received(), context(), ENDED, received(alert("resolved")), OVER, MERGED]
    assert kinds([*quiet, received(delivery="d3")]) == []


@pytest.mark.parametrize(
    ("end", "why"),
    [(BY_HAND, "the incident resolved"), (MERGED, "the incident was merged into INC-2")],
)
@pytest.mark.parametrize("waiting", ["pending", "approved"])
def test_e31_what_is_not_needed_any_more_is_withdrawn(end: Fact, why: str, waiting: str) -> None:
    more = [decided(ASKED), approved(ASKED)] if waiting == "approved" else []
    (fact,) = due([*REST, *more, end])
    assert isinstance(fact, act.ProposalWithdrawn)
    assert (fact.proposal, fact.digest) == (ASKED.proposal.id, ASKED.digest)
    assert fact.why.startswith(why)


@pytest.mark.parametrize("end", [BY_HAND, MERGED])
def test_e31_an_undo_is_never_withdrawn_and_still_expires(end: Fact) -> None:
    history = [*SUCCEEDED, WORSE, _undo_chosen(), UNDO, end]
    assert kinds(history) == []
    assert kinds(history, 9999) == ["ProposalExpired"]


@pytest.mark.parametrize("settled", ["executing", "succeeded", "unknown", "denied"])
def test_what_was_started_or_settled_is_not_withdrawn(settled: str) -> None:
    begun: list[Fact] = [*SETTLED, ASKED, decided(ASKED), approved(ASKED), started(ASKED), ENDED]
    no = decided(ASKED, "deny")
    denial = act.ProposalDenied(proposal=no.proposal, digest=no.digest, reason="not now")
    history = {
        "executing": begun,
        "succeeded": SUCCEEDED,
        "unknown": [*begun, act.ActionUnknown(attempt=started(ASKED).attempt, why="killed")],
        "denied": [*SETTLED, ASKED, ENDED, no, denial],
    }[settled]
    assert kinds([*history, BY_HAND]) == []
    assert kinds([*history, BY_HAND], 99999) == []


def test_e13_a_proposal_expires_by_the_clock() -> None:
    lapse = (ASKED.proposal.expires_at - at(len(REST) - 1)).total_seconds()
    assert kinds(REST, lapse - 0.001) == []
    assert kinds(REST, lapse) == ["ProposalExpired"]


def test_an_approval_that_is_not_used_lapses() -> None:
    history = [*REST, decided(ASKED), approved(ASKED)]
    assert kinds(history, 599.999) == []
    assert kinds(history, 600) == ["ProposalExpired"]


def test_several_proposals_lapse_each_for_itself() -> None:
    history = [*SETTLED, ASKED, OTHER, ENDED]
    assert kinds(history, 9999) == ["ProposalExpired", "ProposalExpired"]


def test_a_chosen_question_is_asked_with_a_deadline() -> None:
    step = AskHuman(question="Was it planned?", answer="choice", options=("a", "b"))
    chosen = run.StepChosen(effect_id="r1s1", step=step, by="planner")
    history = [opened(), received(), context(), chosen]
    (fact,) = due(history)
    assert isinstance(fact, al.QuestionAsked)
    assert (fact.id, fact.options, fact.deadline) == ("r1s1", ("a", "b"), at(3 + 300))
    assert due([*history, fact]) == ()
    assert kinds([*history, fact], 299) == ["QuestionExpired"]
    answered = al.QuestionAnswered(id="r1s1", person="dana", value="a")
    assert kinds([*history, fact, answered], 99999) == []


@pytest.mark.parametrize("end", [BY_HAND, MERGED])
def test_open_questions_end_with_the_incident(end: Fact) -> None:
    asked = al.QuestionAsked(id="q", question="?", kind="text", options=(), deadline=at(9999))
    assert kinds([opened(), received(), context(), ENDED, asked, end]) == ["QuestionExpired"]


def test_a_chosen_conclusion_is_recorded() -> None:
    chosen = run.StepChosen(effect_id="r1s1", step=Conclude(summary="fine"), by="planner")
    history = [opened(), received(), context(), chosen]
    assert due(history) == (run.ConclusionReached(summary="fine", findings=(), by="planner"),)
    assert due([*history, run.InvestigationPaused(by="dana")]) == ()
    assert due(history, limits=RunLimits(paused=True)) == ()


@pytest.mark.parametrize("end", [BY_HAND, MERGED])
@pytest.mark.parametrize("begun", [[], [LOOK], [LOOK, SEEN]])
def test_an_investigation_is_cut_short_when_it_is_over(end: Fact, begun: list[Fact]) -> None:
    history = [opened(), received(), context(), *begun, end]
    (fact,) = due(history)
    assert isinstance(fact, run.ConclusionReached)
    assert fact.by == "triagebot"
    assert due([*history, fact]) == ()


def _undo_chosen() -> run.StepChosen:
    step = undo_step(fold(thread(SUCCEEDED)).incident.proposals[ASKED.proposal.id], "worse")
    assert step is not None
    return run.StepChosen(effect_id="undo-7F3KQ2AB", step=step, by="verification")


def test_e33_a_regression_proposes_the_undo_once() -> None:
    (fact,) = due([*SUCCEEDED, WORSE])
    assert isinstance(fact, run.StepChosen)
    assert fact.effect_id == "undo-7F3KQ2AB"
    assert fact.step == _undo_chosen().step.model_copy(
        update={"reason": "verification failed: it got worse"}
    )
    assert due([*SUCCEEDED, WORSE, fact]) == ()
    rejected = run.ProposalRejected(effect_id=fact.effect_id, tool="job_run", args={}, why="no")
    assert due([*SUCCEEDED, WORSE, fact, rejected]) == ()


def test_e33_what_is_irreversible_has_no_undo() -> None:
    asked = proposed(proposal(undo=None))
    history = [*SETTLED, asked, decided(asked), approved(asked), started(asked), DONE, ENDED]
    worse = WORSE.model_copy(update={"digest": asked.digest})
    assert due([*history, worse]) == ()
    assert undo_step(fold(thread(history)).incident.proposals[asked.proposal.id], "x") is None


def test_a_succeeded_undo_marks_what_it_undid() -> None:
    history = [*SUCCEEDED, WORSE, _undo_chosen(), UNDO, decided(UNDO), approved(UNDO)]
    history += [
        started(UNDO, "ZZZZ2222-1"),
        act.ActionFinished(attempt="ZZZZ2222-1", ok=True, evidence="e", summary="back"),
    ]
    (fact,) = due(history)
    assert fact == act.ActionUndone(proposal=ASKED.proposal.id, by="ZZZZ2222")
    state = fold(thread([*history, fact]))
    assert state.incident.proposals[ASKED.proposal.id].status == "rolled_back"
    assert due([*history, fact]) == ()


def test_the_steps_of_a_run_are_counted_and_bounded() -> None:
    history: list[Fact] = [opened(), received(), context()]
    for number in range(1, 4):
        history += [
            LOOK.model_copy(update={"effect_id": f"r1s{number}"}),
            SEEN.model_copy(
                update={"effect_id": f"r1s{number}.0", "evidence": f"e{number}", "facts": ()}
            ),
        ]
    assert kinds(history[:-2]) == []
    facts = due(history)
    assert [type(fact).__name__ for fact in facts] == [
        "BudgetSpent",
        "EscalationRaised",
        "ConclusionReached",
    ]
    assert facts[0] == run.BudgetSpent(kind="steps")
    assert due([*history, *facts]) == ()
    asked = al.QuestionAsked(id="q", question="?", kind="text", options=(), deadline=at(9999))
    assert due([*history, asked]) == ()


def test_a_run_that_looks_for_too_long_ends() -> None:
    history = [opened(), received(), context(), LOOK, SEEN]
    (spent, *_) = due(history, limits=RunLimits(run_max_s=1))
    assert spent == run.BudgetSpent(kind="seconds")
    assert due(history, limits=RunLimits(run_max_s=1.5)) == ()


def test_two_looks_without_a_new_fact_end_the_run() -> None:
    history: list[Fact] = [opened(), received(), context()]
    for number in range(1, 4):
        history += [
            run.StepChosen(effect_id=f"r1s{number}", step=CALLS, by="planner"),
            SEEN.model_copy(update={"effect_id": f"r1s{number}.0"}),
        ]
    many = RunLimits(max_steps=10)
    assert due(history[:-2], limits=many) == ()
    (spent, raised, ended) = due(history, limits=many)
    assert spent == run.BudgetSpent(kind="no_new_facts")
    assert isinstance(raised, run.EscalationRaised)
    assert isinstance(ended, run.ConclusionReached)
    assert ended.summary.startswith("Not enough evidence: the investigation looked twice")
    assert "not healthy" in ended.summary


def test_looks_that_fail_end_no_run_before_a_human_is_asked() -> None:
    error = CompactError(system="http_probe", message="gone")
    failed = run.ToolFailed(
        effect_id="r1s1.0", key="state", tool="http_probe", error=error, retry_at=None
    )
    again = failed.model_copy(update={"effect_id": "r1s2.0"})
    second = LOOK.model_copy(update={"effect_id": "r1s2"})
    history = [opened(), received(), context(), LOOK, failed, second, again]
    assert kinds(history) == []
    third = LOOK.model_copy(update={"effect_id": "r1s3"})
    history += [third, failed.model_copy(update={"effect_id": "r1s3.0"})]
    assert kinds(history) == ["QuestionAsked"]


def test_a_step_model_that_gave_up_is_told_to_humans() -> None:
    error = CompactError(system="planner", message="no key")
    failed = run.StepFailed(effect_id="r1s1", error=error, retry_at=None)
    raised, ended = due([opened(), received(), context(), failed])
    assert isinstance(raised, run.EscalationRaised)
    assert raised.reason.endswith("could not choose a next step: no key")
    assert isinstance(ended, run.ConclusionReached)


def test_a_rejected_wish_is_not_a_barren_look() -> None:
    rejected = run.ProposalRejected(effect_id=WISH.effect_id, tool="job_run", args={}, why="no")
    assert due([*SETTLED, rejected]) == ()
    seen = SEEN.facts[0]
    assert seen == Observation(name="healthy", value=False)
