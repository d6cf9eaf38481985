"""The reducer's rules for who takes care: ack, snooze, calls, handover, and human activity."""

from dataclasses import replace

from bot.incident import facts_action as action
from bot.incident import facts_alerts as alerts
from bot.incident import facts_run as run
from bot.incident.call import Called, Handoff
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.model import SEVERITIES, Severity
from bot.incident.rule import Row, rule
from bot.incident.state import State

BY_HUMANS: frozenset[type[Fact]] = frozenset(
    {
        alerts.MessageReceived,
        alerts.NoteAdded,
        alerts.QuestionAnswered,
        alerts.IncidentAcked,
        alerts.IncidentSnoozed,
        alerts.SeverityChanged,
        alerts.ConclusionJudged,
        action.DecisionMade,
        action.StepUpAsked,
        run.InvestigationPaused,
        run.InvestigationResumed,
    }
)
"""Facts that only a human causes."""


def note_human(state: State, event: Event, fact: Fact) -> None:
    """Remember when a human last did something here; the bot's own facts count for nothing."""
    if type(fact) in BY_HUMANS or _by_person(fact):
        state.incident.human_at = event.at


def _by_person(fact: Fact) -> bool:
    match fact:
        case run.StepChosen(by=by) | action.ActionReconciled(by=by):
            return by.startswith("person:")
        case alerts.IncidentHandedOff(reminded=reminded):
            return not reminded
        case alerts.IncidentEscalated(person=person):
            return bool(person)
        case _:
            return False


def begin_wait(state: State, event: Event) -> None:
    """Begin to wait for somebody who takes care; whoever took care before still does."""
    state.incident.waits_since, state.incident.called = event.at, None


def rouse(state: State, severity: Severity) -> None:
    """End a snooze when it got worse than it was when somebody wanted quiet."""
    if SEVERITIES.index(severity) < SEVERITIES.index(state.incident.severity):
        state.incident.snoozed_until = None


def _acked(state: State, event: Event, fact: alerts.IncidentAcked) -> None:
    _take(state, event, fact.person)


def _take(state: State, event: Event, person: str) -> None:
    view = state.incident
    view.acked_by, view.acked_at = person, event.at
    view.first_acked_at = view.first_acked_at or event.at


def _snoozed(state: State, event: Event, fact: alerts.IncidentSnoozed) -> None:
    state.incident.snoozed_until = fact.until if fact.until > event.at else None


def _escalated(state: State, event: Event, fact: alerts.IncidentEscalated) -> None:
    view = state.incident
    view.escalated = fact.to
    called = Called(
        event.at, event.seq, fact.level, fact.about, fact.to, fact.persons, fact.quiet,
        fact.why, fact.last, fact.person,
    )  # fmt: skip
    _note(state, called)
    if not fact.about and fact.level == 1 and view.acked_by:
        view.acked_by, view.acked_at = "", None
        begin_wait(state, event)
        view.called = called


def _note(state: State, called: Called) -> None:
    """Put a call where it belongs: to the proposal or question that waits, else to the incident."""
    view = state.incident
    about = view.proposals.get(called.about) or view.questions.get(called.about)
    if about is not None:
        about.calls = (*about.calls, called)
    elif not called.about:
        view.calls = (*view.calls, called)
    if view.called is None or called.level > view.called.level:
        view.called = called


def _proposal_reminded(state: State, event: Event, fact: action.ProposalReminded) -> None:
    view = state.incident.proposals.get(fact.proposal)
    if view is not None:
        view.reminded += 1
        _remind(state, event, fact.proposal, fact)


def _question_reminded(state: State, event: Event, fact: alerts.QuestionReminded) -> None:
    view = state.incident.questions.get(fact.id)
    if view is not None:
        view.reminded += 1
        _remind(state, event, fact.id, fact)


def _remind(
    state: State,
    event: Event,
    about: str,
    fact: action.ProposalReminded | alerts.QuestionReminded,
) -> None:
    called = Called(
        event.at, event.seq, 1, about, ", ".join(fact.to), fact.to, fact.quiet, last=fact.last
    )
    _note(state, called)


def _handed_off(state: State, event: Event, fact: alerts.IncidentHandedOff) -> None:
    view = state.incident
    if fact.accepted:
        view.handoff = None
        _take(state, event, fact.to)
    elif not fact.reminded:
        view.handoff = Handoff(fact.to, fact.person, event.at, event.seq, fact.note)
    elif view.handoff is not None and view.handoff.to == fact.to:
        view.handoff = replace(view.handoff, reminded_at=event.at)


LADDER_RULES: list[Row] = [
    rule(action.ProposalReminded, _proposal_reminded),
    rule(alerts.QuestionReminded, _question_reminded),
    rule(alerts.IncidentAcked, _acked),
    rule(alerts.IncidentSnoozed, _snoozed),
    rule(alerts.IncidentEscalated, _escalated),
    rule(alerts.IncidentHandedOff, _handed_off),
]
