"""decide(state, now, limits): the one effect that must happen next. Pure and total."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.incident.deadlines import ask_at, deadlines, may_ask, propose_at
from bot.incident.due import due_facts
from bot.incident.effects import (
    AskModel,
    Effect,
    Execute,
    Hold,
    Prefetch,
    Prepare,
    Reconcile,
    Record,
    RunLimits,
    RunTools,
    Summarise,
    Summon,
    Verify,
    Wait,
)
from bot.incident.ladder import due_call
from bot.incident.state import Pending, State
from bot.incident.steps import CallTools, ProposeAction
from bot.incident.views import ProposalView

OPEN_STATUSES = frozenset({"pending", "approved", "executing", "unknown"})


def decide(state: State, now: datetime, limits: RunLimits) -> Effect:
    """Return the next effect; the first that applies of Hold, Reconcile, Record, … Wait."""
    if state.unknown:
        first = state.unknown[0]
        return Hold(f"{first.type} v{first.v}: {first.why}; start a version that reads it")
    if not state.exists or state.incident.status == "closed":
        return Wait(None)
    limits = own_limits(limits, state)
    for effect in (_actions(state, now, limits), _investigation(state, now, limits)):
        if effect is not None:
            return effect
    if _may_close(state, now, limits):
        return Summarise()
    return Wait(min(deadlines(state, now, limits), default=None))


def own_limits(limits: RunLimits, state: State) -> RunLimits:
    """Return the limits of this incident: its specialist may have fewer Steps, never more."""
    loaded = state.run.context
    if loaded is None or not 0 < loaded.max_steps < limits.max_steps:
        return limits
    return replace(limits, max_steps=loaded.max_steps)


def _actions(state: State, now: datetime, limits: RunLimits) -> Effect | None:
    views = list(state.incident.proposals.values())
    for view in views:
        if view.status == "executing":
            return Reconcile(view)
    facts = due_facts(state, now, limits)
    if facts:
        return Record(facts)
    if not (limits.paused or limits.read_only):
        for view in views:
            if view.status == "approved":
                return Execute(view)
    for view in views:
        if view.verify_due_at is not None and view.verify_due_at <= now:
            return Verify(view, view.verified)
    call = due_call(state, now, limits)
    return None if call is None else Summon(call)


def _investigation(state: State, now: datetime, limits: RunLimits) -> Effect | None:
    run = state.run
    if run.context is None and not state.incident.merged_into:
        return Prefetch()
    if limits.paused:
        return None
    pending = run.next
    if pending is not None and (pending.outside or not run.paused_by):
        return _carry_out(state, pending, now, limits)
    if run.paused_by:
        return None
    if may_ask(state) and ask_at(state, limits) <= now:
        return AskModel(run.ask_id, limits.max_steps - run.steps)
    return None


def _carry_out(state: State, pending: Pending, now: datetime, limits: RunLimits) -> Effect | None:
    step = pending.chosen.step
    if isinstance(step, ProposeAction):
        early = propose_at(state, pending, limits) > now
        return None if early else Prepare(pending.chosen)
    if isinstance(step, CallTools):
        ready = tuple(
            index
            for index in pending.open_calls
            if pending.retry_at.get(f"{pending.chosen.effect_id}.{index}", now) <= now
        )
        return RunTools(pending, ready) if ready else None
    return None


def _may_close(state: State, now: datetime, limits: RunLimits) -> bool:
    view = state.incident
    if view.status != "resolved" or view.resolved_at is None or state.run.queue:
        return False
    if any(_is_open(proposal) for proposal in view.proposals.values()):
        return False
    return view.resolved_at + timedelta(seconds=limits.close_after_s) <= now


def _is_open(view: ProposalView) -> bool:
    return view.status in OPEN_STATUSES or view.verify_due_at is not None
