"""The moments at which `decide` may change its mind without anything new being said."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.incident.effects import RunLimits
from bot.incident.ladder import calls_ahead, handoff_remind_at
from bot.incident.state import OUTSIDE, Pending, State
from bot.incident.steps import ProposeAction
from bot.incident.views import ProposalView
from bot.incident.waiting import awaits_human


def may_ask(state: State) -> bool:
    """True when the run wants its next Step and no human has to answer first."""
    return not (state.over or state.run.done or awaits_human(state))


def ask_at(state: State, limits: RunLimits) -> datetime:
    """Return when the next Step may be asked for: after a retry's pause, or after the debounce.

    Debounce delays the first Step only, so an alert that resolves itself costs nothing; critical
    incidents and those started by hand never wait.
    """
    view, run = state.incident, state.run
    if run.ask_retry_at is not None:
        return run.ask_retry_at
    if view.opened_at is None:
        raise ValueError("no incident was opened in this stream")
    started = run.steps > 0 or run.number > 1
    if started or not view.alerts or view.severity == "critical":
        return view.opened_at
    return view.opened_at + timedelta(seconds=limits.debounce_s)


def propose_at(state: State, pending: Pending, limits: RunLimits) -> datetime:
    """Return when a chosen action may be put before humans: the agent's at most one in a while.

    What a human asked for, an edit, and the undo of what did not help never wait (E-44).
    """
    if pending.outside:
        return pending.at
    asked = (one for view in state.incident.proposals.values() for one in _asked_at(view))
    last = max(asked, default=None)
    return pending.at if last is None else last + timedelta(seconds=limits.propose_every_s)


def _asked_at(view: ProposalView) -> Iterator[datetime]:
    """Yield when the agent's own wish was put before humans; edits of it are not the agent's."""
    first = view.earlier[0] if view.earlier else view
    if not first.asked.effect_id.startswith(OUTSIDE):
        yield first.at


def deadlines(state: State, now: datetime, limits: RunLimits) -> Iterator[datetime]:
    """Yield every such moment, in no order."""
    for view in state.incident.proposals.values():
        for at in (view.lapses_at(limits.approval_use_s), view.verify_due_at):
            if at is not None:
                yield at
    for question in state.incident.questions.values():
        if question.status == "open":
            yield question.asked.deadline
    yield from _ladder(state, limits)
    calm_at = state.incident.calm_at
    if calm_at is not None and state.incident.status == "open":
        yield calm_at
    resolved_at = state.incident.resolved_at
    if resolved_at is not None:
        closing = resolved_at + timedelta(seconds=limits.close_after_s)
        if closing > now:
            yield closing
    if not (state.run.held or limits.paused):
        yield from _run(state, limits)


def _ladder(state: State, limits: RunLimits) -> Iterator[datetime]:
    yield from (at for at, _ in calls_ahead(state, limits))
    remind_at = handoff_remind_at(state, limits)
    if remind_at is not None:
        yield remind_at


def _run(state: State, limits: RunLimits) -> Iterator[datetime]:
    pending = state.run.next
    if pending is not None:
        yield from pending.retry_at.values()
        if isinstance(pending.chosen.step, ProposeAction):
            yield propose_at(state, pending, limits)
    elif may_ask(state):
        yield ask_at(state, limits)
