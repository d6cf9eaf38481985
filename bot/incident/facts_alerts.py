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
    """Nobody had answered yet."""

    id: str


class QuestionExpired(Fact):
    """The deadline passed; the default stands, if there is one."""

    id: str


class IncidentAcked(Fact):
    """Somebody takes care."""

    person: str


class IncidentSnoozed(Fact):
    """No reminders until then."""

    person: str
    until: datetime


class IncidentEscalated(Fact):
    """The on-call ladder went up one level."""

    level: int
    to: str


class IncidentHandedOff(Fact):
    """Another person takes over, once they accept."""

    to: str
    accepted: bool


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
