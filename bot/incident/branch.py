"""A second State that grows from the first: what one is extended by, nobody sees in the other."""

from copy import copy

from bot.incident.reducer import State
from bot.incident.state import IncidentView, Pending, RunView
from bot.incident.views import ProposalView


def branch(state: State) -> State:
    """Return a State that may be extended while others go on reading `state`.

    Only what the reducer changes in place is copied: a few maps and lists, and none of the facts,
    alerts and results in them, which never change.
    """
    return State(
        state.stream,
        state.seq,
        state.at,
        _incident(state.incident),
        _run(state.run),
        list(state.unknown),
    )


def _incident(view: IncidentView) -> IncidentView:
    made = copy(view)
    made.alerts = dict(view.alerts)
    made.proposals = {name: _proposal(one) for name, one in view.proposals.items()}
    made.questions = {name: copy(one) for name, one in view.questions.items()}
    made.said, made.answers_given = list(view.said), list(view.answers_given)
    made.conversations, made.broken = dict(view.conversations), dict(view.broken)
    return made


def _proposal(view: ProposalView) -> ProposalView:
    made = copy(view)
    made.decisions, made.checks = list(view.decisions), list(view.checks)
    return made


def _run(view: RunView) -> RunView:
    made = copy(view)
    made.queue = [_pending(one) for one in view.queue]
    made.results, made.rejected, made.seen = list(view.results), list(view.rejected), set(view.seen)
    made.failed, made.rested = dict(view.failed), set(view.rested)
    made.earlier, made.waiting = list(view.earlier), list(view.waiting)
    made.parked = [_run(one) for one in view.parked]
    return made


def _pending(one: Pending) -> Pending:
    made = copy(one)
    made.answered, made.retry_at = dict(one.answered), dict(one.retry_at)
    made.attempts = dict(one.attempts)
    return made
