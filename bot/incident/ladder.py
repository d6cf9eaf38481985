"""Whom nobody answered: which call is due when, from the facts and the time alone. Pure.

Each rung is climbed once. A level that was called is a fact, so neither a restart nor another
process calls it again; a decision, an answer, an ack, a resolve and a snooze stop the climb.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.incident.call import Call, Called
from bot.incident.effects import RunLimits
from bot.incident.fact import Fact
from bot.incident.facts_alerts import IncidentHandedOff
from bot.incident.model import Severity
from bot.incident.state import State
from bot.incident.summary import lasted
from bot.incident.views import ProposalView, QuestionView

URGENT: frozenset[Severity] = frozenset({"critical", "high"})
"""Only such an incident calls somebody because nobody acknowledged it."""
Due = tuple[datetime, Call]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How long before the first call, and between the calls after it."""

    first: timedelta
    second: timedelta
    later: timedelta

    @classmethod
    def of(cls, limits: RunLimits, life: timedelta | None = None) -> "Rhythm":
        """Return the rhythm; what lives for `life` is called about at a third and two thirds of it.

        That is the latest: with 900 s of life the usual 300 s and 600 s stand as they are.
        """
        escalate = timedelta(seconds=limits.escalate_after_s)
        remind = timedelta(seconds=limits.remind_after_s)
        if life is not None:
            escalate, remind = min(escalate, life * 2 / 3), min(remind, life / 3)
        remind = remind if remind < escalate else escalate / 2
        return cls(remind, escalate - remind, escalate)

    def after(self, called: Called) -> timedelta:
        """Return how long after a call the next level is called."""
        if called.missed:
            return timedelta(0)
        return self.second if called.level == 1 else self.later


def due_call(state: State, now: datetime, limits: RunLimits) -> Call | None:
    """Return the call that has been due for the longest; None when nobody is to be called now."""
    due = [one for one in calls_ahead(state, limits) if one[0] <= now]
    return min(due, key=lambda one: one[0])[1] if due else None


def calls_ahead(state: State, limits: RunLimits) -> Iterator[Due]:
    """Yield the next call about each thing that waits, and when it is due, in no order.

    A snooze puts all of them off until its end.
    """
    until = state.incident.snoozed_until
    for at, call in _ahead(state, limits):
        yield (at if until is None else max(at, until)), call


def _ahead(state: State, limits: RunLimits) -> Iterator[Due]:
    view = state.incident
    for proposal in view.proposals.values():
        if proposal.status == "pending" and not _left_to_acker(state, proposal):
            yield from _proposal(proposal, limits)
    for question in view.questions.values():
        if question.status == "open" and not view.acked_by:
            yield from _question(question, limits)
    if view.status == "open" and not view.merged_into and view.severity in URGENT:
        yield from _incident(state, limits)


def _left_to_acker(state: State, view: ProposalView) -> bool:
    """True when who takes care sees to it; high risk needs two persons, so it calls others."""
    return bool(state.incident.acked_by) and view.proposal.risk != "high"


def _proposal(view: ProposalView, limits: RunLimits) -> Iterator[Due]:
    end = view.proposal.expires_at
    for at, level in _climb(view.at, end, view.calls, limits):
        why = f"nobody decided on P-{view.proposal.id}"
        yield at, Call("proposal", level, why, view.proposal.id)


def _question(view: QuestionView, limits: RunLimits) -> Iterator[Due]:
    for at, level in _climb(view.at, view.asked.deadline, view.calls, limits):
        yield at, Call("question", level, "nobody answered the question", view.asked.id)


def _climb(
    since: datetime, end: datetime, calls: tuple[Called, ...], limits: RunLimits
) -> Iterator[tuple[datetime, int]]:
    """Yield the next rung, unless the top was reached or it would be too late."""
    rhythm = Rhythm.of(limits, end - since)
    if not calls:
        yield since + rhythm.first, 1
        return
    newest = calls[-1]
    at = newest.at + rhythm.after(newest)
    if not newest.last and at < end:
        yield at, newest.level + 1


def _incident(state: State, limits: RunLimits) -> Iterator[Due]:
    """Nobody acknowledged it, or who did was not heard of since; any human word puts that off."""
    view, rhythm = state.incident, Rhythm.of(limits)
    if view.waits_since is None:
        return
    heard_at = max(view.waits_since, view.human_at or view.waits_since)
    if view.acked_by and view.acked_at is not None:
        at = max(heard_at, view.acked_at) + timedelta(seconds=limits.unack_after_s)
        quiet = lasted(max(heard_at, view.acked_at), at)
        why = f"{view.acked_by} took care, and nobody was heard of for {quiet}"
        yield at, Call("incident", 1, why, also=(view.acked_by,))
        return
    if _others_are_called(state):
        return
    called = view.called
    why = "nobody acknowledged it"
    if called is None:
        yield heard_at + rhythm.first, Call("incident", 1, why)
    elif not called.last:
        after = rhythm.after(called)
        at = max(called.at, heard_at) + after if after else called.at
        yield at, Call("incident", called.level + 1, why)


def _others_are_called(state: State) -> bool:
    """True while a proposal or a question waits: the calls about that are enough."""
    view = state.incident
    return any(one.status == "pending" for one in view.proposals.values()) or any(
        one.status == "open" for one in view.questions.values()
    )


def handoff_remind_at(state: State, limits: RunLimits) -> datetime | None:
    """Return when whoever should take over is asked again; None when that is not (any more) so."""
    view = state.incident
    asked = view.handoff
    if asked is None or asked.reminded_at is not None or view.over:
        return None
    at = asked.at + timedelta(seconds=limits.escalate_after_s)
    return at if view.snoozed_until is None else max(at, view.snoozed_until)


def handoff_reminder(state: State, now: datetime, limits: RunLimits) -> tuple[Fact, ...]:
    """Return the one reminder of a handover that was not accepted, once it is due."""
    at, asked = handoff_remind_at(state, limits), state.incident.handoff
    if at is None or asked is None or at > now:
        return ()
    again = IncidentHandedOff(
        to=asked.to, accepted=False, person=asked.by, note=asked.note, reminded=True
    )
    return (again,)
