"""The moments at which `decide` may change its mind without anything new being said."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.incident.effects import RunLimits
from bot.incident.state import State


def may_ask(state: State) -> bool:
    """True when the run wants its next Step and no human has to answer first."""
    waiting = any(view.status == "open" for view in state.incident.questions.values())
    return not (state.incident.over or state.run.done or waiting)


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


def deadlines(state: State, now: datetime, limits: RunLimits) -> Iterator[datetime]:
    """Yield every such moment, in no order."""
    for view in state.incident.proposals.values():
        for at in (view.lapses_at(limits.approval_use_s), view.verify_due_at):
            if at is not None:
                yield at
    for question in state.incident.questions.values():
        if question.status == "open":
            yield question.asked.deadline
    resolved_at = state.incident.resolved_at
    if resolved_at is not None:
        closing = resolved_at + timedelta(seconds=limits.close_after_s)
        if closing > now:
            yield closing
    if not (state.run.paused_by or limits.paused):
        yield from _run(state, limits)


def _run(state: State, limits: RunLimits) -> Iterator[datetime]:
    if state.run.queue:
        yield from state.run.queue[0].retry_at.values()
    elif may_ask(state):
        yield ask_at(state, limits)
