"""How facts about an incident as such, and about what humans said, are worded."""

from bot.conversation.phrases import counted
from bot.incident import facts_alerts as fact
from bot.web.line import Line, some, worded

JUDGED = {
    "right": "right",
    "wrong": "wrong",
    "partly": "partly right",
    "not_an_incident": "about something that was no incident",
}


def _received(event: fact.AlertsReceived) -> Line:
    firing = [alert.title for alert in event.alerts if alert.status == "firing"]
    resolved = [alert.title for alert in event.alerts if alert.status == "resolved"]
    parts = [
        f"{counted(len(titles), 'alert')} {word}: {some(list(dict.fromkeys(titles)))}"
        for word, titles in (("firing", firing), ("resolved", resolved))
        if titles
    ]
    if event.truncated:
        parts.append(f"{counted(event.truncated, 'more alert')} not delivered by the source")
    return Line("alert", f"{event.source} sent {'; '.join(parts) or 'no alert'}")


def _asked(event: fact.QuestionAsked) -> Line:
    options = f" ({', '.join(event.options)})" if event.options else ""
    return Line("agent", "Asked the team", f"{event.question}{options}")


def _message(event: fact.MessageReceived) -> Line:
    return Line("human", f"{event.person} {'asked' if event.question else 'wrote'}", event.text)


def _judged(event: fact.ConclusionJudged) -> Line:
    text = f"{event.person} judged the conclusion {JUDGED.get(event.verdict, event.verdict)}"
    return Line("human", text, event.note)


def _handed_off(event: fact.IncidentHandedOff) -> Line:
    verb = "took over" if event.accepted else "was asked to take over"
    return Line("human", f"{event.to} {verb}")


def _answered(event: fact.QuestionAnswered) -> Line:
    return Line("human", f"{event.person} answered", event.value)


def _opened(event: fact.IncidentOpened) -> Line:
    return Line("alert", f"Incident opened by {event.by or 'an alert'}", event.title)


ALERT_WORDS = dict(
    [
        worded(fact.IncidentOpened, _opened),
        worded(fact.AlertsReceived, _received),
        worded(fact.IncidentResolved, lambda event: Line("good", "Resolved", event.reason)),
        worded(fact.IncidentReopened, lambda event: Line("alert", "Reopened", event.reason)),
        worded(fact.IncidentClosed, lambda event: Line("good", "Closed", event.summary)),
        worded(fact.MessageReceived, _message),
        worded(fact.QuestionAsked, _asked),
        worded(fact.QuestionAnswered, _answered),
        worded(fact.QuestionReminded, lambda _: Line("bot", "Reminded the team of the question")),
        worded(
            fact.QuestionExpired,
            lambda _: Line("bot", "Nobody answered in time; the question was closed"),
        ),
        worded(fact.IncidentAcked, lambda event: Line("human", f"{event.person} takes care")),
        worded(
            fact.IncidentSnoozed,
            lambda event: Line(
                "human", f"{event.person} snoozed reminders until {event.until:%H:%M} UTC"
            ),
        ),
        worded(
            fact.IncidentEscalated,
            lambda event: Line("bot", f"Escalated to {event.to} (level {event.level})"),
        ),
        worded(fact.IncidentHandedOff, _handed_off),
        worded(
            fact.IncidentMerged,
            lambda event: Line(
                "human", f"{event.person} merged this into {event.into}", incident=event.into
            ),
        ),
        worded(
            fact.SeverityChanged,
            lambda event: Line("human", f"{event.person} set the severity to {event.severity}"),
        ),
        worded(fact.NoteAdded, lambda event: Line("human", f"{event.person} noted", event.text)),
        worded(fact.ConclusionJudged, _judged),
        worded(
            fact.ConversationOpened,
            lambda event: Line("bot", f"Opened a conversation in {event.channel}", routine=True),
        ),
        worded(
            fact.ConversationBroken,
            lambda event: Line("bad", f"{event.channel} cannot be reached", event.why),
        ),
    ]
)
"""Fact class → how it is worded."""
