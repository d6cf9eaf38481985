"""Facts about an incident as such: its alerts, its life, and what humans said about it."""

from datetime import datetime
from typing import Literal

from bot.incident.fact import Fact
from bot.incident.model import Alert, Judgement, Severity


class IncidentOpened(Fact):
    """An incident began. `by` is `source:route`, or the actor who started it by hand."""

    title: str
    service: str
    severity: Severity
    group_key: str
    by: str = ""


class AlertsReceived(Fact):
    """One delivery brought alerts. `delivery` is its id; `truncated` counts alerts left out."""

    delivery: str
    source: str
    group_key: str
    alerts: tuple[Alert, ...]
    truncated: int = 0


class IncidentResolved(Fact):
    """Nothing fires any more, or a human said so."""

    reason: str


class IncidentReopened(Fact):
    """It fires again before it was closed."""

    reason: str


class Learnings(Fact):
    """The four fields of Automated Tracking, derived from the thread; never empty."""

    context: str
    solution: str
    learning: str
    impact: str


class IncidentClosed(Fact):
    """The thread ended; `summary` is deterministic text."""

    summary: str
    learnings: Learnings


class MessageReceived(Fact):
    """A human wrote in the conversation, or asked the agent (`question`). Text is data."""

    person: str
    text: str
    conversation: str
    question: bool = False


class QuestionAsked(Fact):
    """The bot asked humans; `default` is taken at the deadline, empty means none."""

    id: str
    question: str
    kind: Literal["yes_no", "choice", "text"]
    options: tuple[str, ...]
    deadline: datetime
    default: str = ""


class QuestionAnswered(Fact):
    """A human answered."""

    id: str
    person: str
    value: str


class QuestionReminded(Fact):
    """Nobody had answered yet; `to` names the persons who were asked again, maybe nobody.

    `quiet` has quiet hours and was left in peace. `last`: nobody at all could be called.
    """

    id: str
    to: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    last: bool = False


class QuestionExpired(Fact):
    """The deadline passed; the default stands, if there is one."""

    id: str


class IncidentAcked(Fact):
    """Somebody takes care."""

    person: str


class IncidentSnoozed(Fact):
    """No reminders until then; a time that has come ends an earlier snooze."""

    person: str
    until: datetime


class IncidentEscalated(Fact):
    """The on-call ladder went up one level; `why` says what nobody had done.

    `to` is who is asked now in words, `persons` their names, maybe none. `about` is the proposal or
    question that waits, "" for the incident itself. `quiet` has quiet hours and was left in peace.
    `last`: nobody is above. `person` is who wanted it, "" for the clock. Level 1 about an incident
    that was acknowledged ends that: nobody was heard of since (G-50).
    """

    level: int
    to: str
    persons: tuple[str, ...] = ()
    why: str = ""
    about: str = ""
    quiet: tuple[str, ...] = ()
    last: bool = False
    person: str = ""


class IncidentHandedOff(Fact):
    """Another person takes over, once they accept; `person` is who said so.

    Until then whoever took care still does. `reminded`: the same was asked once more.
    """

    to: str
    accepted: bool
    person: str = ""
    note: str = ""
    reminded: bool = False


class IncidentMerged(Fact):
    """This incident is part of another; its own thread ends."""

    person: str
    into: str


class SeverityChanged(Fact):
    """A human set the severity."""

    person: str
    severity: Severity


class NoteAdded(Fact):
    """A human wrote something down for the record."""

    person: str
    text: str


class ConclusionJudged(Fact):
    """A human said whether the conclusion was right."""

    person: str
    verdict: Judgement
    note: str = ""


class ConversationOpened(Fact):
    """A channel opened the place where this incident is talked about."""

    channel: str
    address: str


class ConversationBroken(Fact):
    """A channel cannot reach its place; others carry on."""

    channel: str
    why: str
