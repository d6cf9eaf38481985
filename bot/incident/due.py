"""Facts that follow from the state and the time alone: resolve, expiry, withdrawal, budget."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from bot.incident.calls import answered_by_code, rest_question
from bot.incident.effects import RunLimits
from bot.incident.fact import Fact
from bot.incident.facts_action import (
    ActionUndone,
    ProposalExpired,
    ProposalWithdrawn,
)
from bot.incident.facts_alerts import (
    IncidentReopened,
    IncidentResolved,
    QuestionAsked,
    QuestionExpired,
)
from bot.incident.facts_run import (
    BudgetSpent,
    ConclusionReached,
    EscalationRaised,
    StepChosen,
)
from bot.incident.ladder import handoff_reminder
from bot.incident.state import UNDO, State
from bot.incident.steps import AskHuman, Conclude, ProposeAction
from bot.incident.views import ProposalView
from bot.incident.waiting import awaits_human

CALM = "every alert resolved"
"""Why an incident resolves by itself; any other reason is somebody's word."""
Spent = Literal["steps", "seconds", "no_new_facts", "no_step"]
BARREN_STEPS = 2
"""A run ends when this many looks in a row brought no new fact."""


def due_facts(state: State, now: datetime, limits: RunLimits) -> tuple[Fact, ...]:
    """Return the facts to record now, in order; empty when nothing is due."""
    for facts in (
        _life(state, now),
        tuple(_proposals(state, now, limits)),
        tuple(_questions(state, now)),
        handoff_reminder(state, now, limits),
        tuple(_undone(state)),
        _regression(state),
        _chosen(state, now, limits),
        _calls(state, now, limits),
        _budget(state, limits),
    ):
        if facts:
            return facts
    return ()


def _life(state: State, now: datetime) -> tuple[Fact, ...]:
    """Resolve or reopen; what flaps stays open until it kept quiet and is told once (D-07)."""
    view = state.incident
    firing = bool(view.firing)
    calm_at = view.calm_at
    if view.status == "open" and calm_at is not None and calm_at <= now:
        return (IncidentResolved(reason=CALM),)
    if view.status == "resolved" and firing and not view.merged_into:
        by_hand = view.resolved_why != CALM
        newer = any(
            line.last_at > view.resolved_at
            for line in view.alerts.values()
            if view.resolved_at is not None and line.alert.status == "firing"
        )
        if newer or not by_hand:
            return (IncidentReopened(reason="it fires again"),)
    return ()


def _proposals(state: State, now: datetime, limits: RunLimits) -> Iterator[Fact]:
    gone, stays = "", False
    if state.incident.merged_into:
        gone = f"the incident was merged into {state.incident.merged_into}"
    elif state.incident.status != "open":
        gone = "the incident resolved before it was needed"
        stays = state.incident.resolved_why == CALM
    for view in state.incident.proposals.values():
        proposal, digest = view.proposal.id, view.asked.digest
        lapses_at = view.lapses_at(limits.approval_use_s)
        if lapses_at is None:
            continue
        kept = view.asked.undo_of or (stays and view.proposal.run_if_resolved)
        if gone and not kept:
            yield ProposalWithdrawn(proposal=proposal, digest=digest, why=gone)
        elif lapses_at <= now:
            yield ProposalExpired(proposal=proposal, digest=digest)


def _questions(state: State, now: datetime) -> Iterator[Fact]:
    over = state.incident.over
    for identifier, view in state.incident.questions.items():
        if view.status == "open" and (over or view.asked.deadline <= now):
            yield QuestionExpired(id=identifier)


def _undone(state: State) -> Iterator[Fact]:
    views = state.incident.proposals
    for identifier, view in views.items():
        undone = views.get(view.asked.undo_of)
        if undone is not None and view.status == "succeeded" and undone.status == "succeeded":
            yield ActionUndone(proposal=undone.proposal.id, by=identifier)


def _regression(state: State) -> tuple[Fact, ...]:
    for identifier, view in state.incident.proposals.items():
        if view.regressed and not view.undo_requested and view.status == "succeeded":
            step = undo_step(view, f"verification failed: {view.regressed}")
            if step is not None:
                return (StepChosen(effect_id=f"{UNDO}{identifier}", step=step, by="verification"),)
    return ()


def undo_step(view: ProposalView, reason: str) -> ProposeAction | None:
    """Return the step that proposes the inverse of a done action; None when irreversible."""
    undo = view.proposal.undo
    if undo is None:
        return None
    return ProposeAction(tool=undo.tool, args=undo.args, reason=reason)


def _chosen(state: State, now: datetime, limits: RunLimits) -> tuple[Fact, ...]:
    """Turn a chosen question or conclusion into its fact: nothing else needs to happen."""
    run = state.run
    if state.over:
        return _cut_short(state)
    if not run.queue or run.held or limits.paused:
        return ()
    chosen = run.queue[0].chosen
    if isinstance(chosen.step, AskHuman):
        asked = QuestionAsked(
            id=chosen.effect_id,
            question=chosen.step.question,
            kind=chosen.step.answer,
            options=chosen.step.options,
            deadline=now + timedelta(seconds=chosen.step.deadline_s or limits.question_ttl_s),
            default=chosen.step.default,
        )
        return (asked,)
    if isinstance(chosen.step, Conclude):
        step = chosen.step
        return (_conclusion(state, step, chosen.by),)
    return ()


def _conclusion(state: State, step: Conclude, by: str) -> ConclusionReached:
    asked = state.run.question
    return ConclusionReached(
        summary=step.summary,
        findings=step.findings,
        by=by,
        outcome=step.outcome,
        question=asked.text if asked is not None else "",
    )


def _cut_short(state: State) -> tuple[Fact, ...]:
    if state.run.done:
        return ()
    into, asked = state.incident.merged_into, state.run.question
    summary = "It was over before the investigation had finished."
    if asked is not None:
        summary = f"This incident is part of {into} now; ask there." if into else summary
    question = asked.text if asked is not None else ""
    return (ConclusionReached(summary=summary, findings=(), by="triagebot", question=question),)


def _calls(state: State, now: datetime, limits: RunLimits) -> tuple[Fact, ...]:
    """Ask about a tool that rests, and answer calls that need not be made."""
    run = state.run
    if run.done or run.held or limits.paused:
        return ()
    asked = () if state.incident.over else rest_question(state, now, limits)
    pending = run.next
    return asked or (answered_by_code(state, pending) if pending is not None else ())


def _budget(state: State, limits: RunLimits) -> tuple[Fact, ...]:
    """End a run that used up its steps or seconds, failed to choose, or learns nothing new."""
    run = state.run
    if run.done or run.queue or run.context is None or state.over or awaits_human(state):
        return ()
    kinds: tuple[tuple[Spent, bool, str], ...] = (
        ("steps", run.steps >= limits.max_steps, f"used all {limits.max_steps} steps"),
        ("seconds", run.spent_s >= limits.run_max_s, f"used {limits.run_max_s:.0f} seconds"),
        ("no_new_facts", run.barren >= BARREN_STEPS, "looked twice and saw nothing new"),
    )
    for kind, spent, why in kinds:
        if spent:
            return (BudgetSpent.model_validate({"kind": kind}), *_give_up(state, kind, why))
    if run.ask_failed:
        return _give_up(state, "no_step", f"could not choose a next step: {run.ask_failed}")
    return ()


def _give_up(state: State, kind: Spent, why: str) -> tuple[Fact, ...]:
    """End the run with what it saw; the alerts' run calls for humans, whoever asked is told."""
    seen = [result.summary for result in state.run.results if result.summary]
    found = "; ".join(seen[-5:]) or "nothing"
    asked = state.run.question
    if asked is not None:
        told = f"I could not answer that: I {why}. I saw: {found}."
        return (
            ConclusionReached(
                summary=told[:2000], findings=(), by="triagebot", question=asked.text
            ),
        )
    summary = f"Not enough evidence: the investigation {why}. It saw: {found}."
    return (
        EscalationRaised(reason=f"the investigation {why}", to="on-call", kind=kind),
        ConclusionReached(summary=summary[:2000], findings=(), by="triagebot"),
    )
