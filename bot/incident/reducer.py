"""The incident as a fold over its events: a table of (fact, where we are) → what is now true.

A fact that does not apply changes nothing. Pure: no clock, no network, no database. The state is
built in place for speed, but only inside `fold` and `extend`, which own it until they return.
"""

from collections.abc import Callable, Iterable

from bot.incident import facts_alerts as alerts
from bot.incident import facts_run as run
from bot.incident.events import Event, Unknown
from bot.incident.fact import Fact
from bot.incident.model import Alert
from bot.incident.reducer_action import ACTION_RULES
from bot.incident.reducer_ladder import LADDER_RULES, begin_wait, note_human, rouse
from bot.incident.reducer_run import RUN_RULES, begin_run, drop_run_steps
from bot.incident.rule import rule
from bot.incident.state import AlertLine, Spoken, State
from bot.incident.views import QuestionView

__all__ = ["RULES", "State", "extend", "fold"]


def fold(events: Iterable[Event]) -> State:
    """Return the state that `events`, oldest first, add up to; an empty state for none."""
    return extend(State(), events)


def extend(state: State, events: Iterable[Event]) -> State:
    """Add `events` to `state`, which the caller gives up, and return it."""
    for event in events:
        state.stream, state.seq, state.at = event.stream, event.seq, event.at
        body = event.body
        if isinstance(body, Unknown):
            state.unknown.append(body)
            continue
        apply = RULES.get(type(body))
        if apply is not None:
            apply(state, event, body)
        note_human(state, event, body)
    return state


def _opened(state: State, event: Event, fact: alerts.IncidentOpened) -> None:
    view = state.incident
    if view.status:
        return
    view.id, view.status, view.opened_at = event.stream, "open", event.at
    view.title, view.service, view.severity = fact.title, fact.service, fact.severity
    view.group_key, view.by = fact.group_key, fact.by
    begin_wait(state, event)


def _received(state: State, event: Event, fact: alerts.AlertsReceived) -> None:
    view = state.incident
    view.source = view.source or fact.source
    view.delivery = view.delivery or fact.delivery
    view.truncated = fact.truncated
    if view.snoozed_until is not None and any(
        _is_new_and_critical(state, one) for one in fact.alerts
    ):
        view.snoozed_until = None
    for alert in fact.alerts:
        line = view.alerts.get(alert.fingerprint)
        view.alerts[alert.fingerprint] = (
            AlertLine(alert, event.at, event.at) if line is None else line.then(alert, event.at)
        )


def _is_new_and_critical(state: State, alert: Alert) -> bool:
    line = state.incident.alerts.get(alert.fingerprint)
    fired = line is not None and line.alert.status == "firing"
    return alert.status == "firing" and alert.severity == "critical" and not fired


def _resolved(state: State, event: Event, fact: alerts.IncidentResolved) -> None:
    view = state.incident
    if view.status == "open":
        view.status, view.resolved_at, view.resolved_why = "resolved", event.at, fact.reason


def _reopened(state: State, event: Event, _fact: alerts.IncidentReopened) -> None:
    view = state.incident
    if view.status == "resolved":
        view.status, view.resolved_at, view.resolved_why = "open", None, ""
        view.reopened += 1
        begin_wait(state, event)
        begin_run(state)
        state.run.context = None


def _closed(state: State, event: Event, fact: alerts.IncidentClosed) -> None:
    view = state.incident
    if view.status == "resolved":
        view.status, view.closed_at = "closed", event.at
        view.summary, view.learnings = fact.summary, fact.learnings


def _message(state: State, event: Event, fact: alerts.MessageReceived) -> None:
    said = Spoken(event.at, fact.person, fact.text, fact.question)
    state.incident.said.append(said)
    if fact.question and state.run.done and state.incident.status == "open":
        begin_run(state)
        state.run.question = said


def _note(state: State, event: Event, fact: alerts.NoteAdded) -> None:
    state.incident.said.append(Spoken(event.at, fact.person, fact.text))


def _asked(state: State, event: Event, fact: alerts.QuestionAsked) -> None:
    state.incident.questions.setdefault(fact.id, QuestionView(fact, event.at))
    queue = state.run.queue
    if queue and queue[0].chosen.effect_id == fact.id:
        queue.pop(0)


def _answered(state: State, event: Event, fact: alerts.QuestionAnswered) -> None:
    view = state.incident.questions.get(fact.id)
    if view is not None and view.status == "open":
        view.status, view.value, view.person = "answered", fact.value, fact.person
        view.ended_at = event.at


def _question_expired(state: State, event: Event, fact: alerts.QuestionExpired) -> None:
    view = state.incident.questions.get(fact.id)
    if view is not None and view.status == "open":
        view.status, view.value, view.ended_at = "expired", view.asked.default, event.at


def _merged(state: State, _event: Event, fact: alerts.IncidentMerged) -> None:
    state.incident.merged_into = state.incident.merged_into or fact.into


def _severity(state: State, _event: Event, fact: alerts.SeverityChanged) -> None:
    rouse(state, fact.severity)
    state.incident.severity = fact.severity


def _judged(state: State, _event: Event, fact: alerts.ConclusionJudged) -> None:
    state.incident.judged, state.incident.judged_by = fact.verdict, fact.person


def _conversation(state: State, _event: Event, fact: alerts.ConversationOpened) -> None:
    state.incident.conversations[fact.channel] = fact.address
    state.incident.broken.pop(fact.channel, None)


def _broken(state: State, _event: Event, fact: alerts.ConversationBroken) -> None:
    state.incident.broken[fact.channel] = fact.why


def _concluded(state: State, _event: Event, fact: run.ConclusionReached) -> None:
    view = state.incident
    view.conclusion, view.conclusion_by, view.findings = fact.summary, fact.by, fact.findings
    state.run.done = True
    drop_run_steps(state)


def _raised(state: State, _event: Event, fact: run.EscalationRaised) -> None:
    state.incident.escalated = fact.to or fact.reason


RULES: dict[type[Fact], Callable[[State, Event, Fact], None]] = dict(
    [
        rule(alerts.IncidentOpened, _opened),
        rule(alerts.AlertsReceived, _received),
        rule(alerts.IncidentResolved, _resolved),
        rule(alerts.IncidentReopened, _reopened),
        rule(alerts.IncidentClosed, _closed),
        rule(alerts.MessageReceived, _message),
        rule(alerts.NoteAdded, _note),
        rule(alerts.QuestionAsked, _asked),
        rule(alerts.QuestionAnswered, _answered),
        rule(alerts.QuestionExpired, _question_expired),
        rule(alerts.IncidentMerged, _merged),
        rule(alerts.SeverityChanged, _severity),
        rule(alerts.ConclusionJudged, _judged),
        rule(alerts.ConversationOpened, _conversation),
        rule(alerts.ConversationBroken, _broken),
        rule(run.ConclusionReached, _concluded),
        rule(run.EscalationRaised, _raised),
        *RUN_RULES,
        *ACTION_RULES,
        *LADDER_RULES,
    ]
)
"""Fact class → its rule; every fact that belongs to an incident has one."""
