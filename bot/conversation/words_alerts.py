"""How facts about an incident as such, and about what humans said, are worded."""

from bot.conversation.line import Line, some, worded
from bot.conversation.phrases import counted, utc_words
from bot.incident import facts_alerts as fact

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
    if event.accepted:
        return Line("human", f"{event.to} took over")
    if event.reminded:
        return Line("bot", f"Asked {event.to} once more to take over from {event.person}")
    by = f" by {event.person}" if event.person else ""
    return Line("human", f"{event.to} was asked{by} to take over", event.note)


def _escalated(event: fact.IncidentEscalated) -> Line:
    kind = "human" if event.person else "bot"
    names = ", ".join(event.persons)
    who = event.to or names or "nobody"
    if names and names not in who:
        who = f"{who} ({names})"
    why = f"{event.why}{_left_alone(event.quiet)}"
    return Line(kind, f"Called level {event.level}: {who}", why)


def _reminded(event: fact.QuestionReminded) -> Line:
    return reminded("the question", event.to, event.quiet)


def reminded(what: str, to: tuple[str, ...], quiet: tuple[str, ...], proposal: str = "") -> Line:
    """Return who was reminded of something, or that nobody could be."""
    nobody = "nobody" if quiet else "nobody (nobody is on call)"
    text = f"Reminded {', '.join(to) or nobody} of {what}"
    return Line("bot", f"{text}{_left_alone(quiet)}", proposal=proposal)


def _left_alone(quiet: tuple[str, ...]) -> str:
    return f" ({', '.join(quiet)}: quiet hours)" if quiet else ""


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
        worded(fact.QuestionReminded, _reminded),
        worded(
            fact.QuestionExpired,
            lambda _: Line("bot", "The question was closed without an answer"),
        ),
        worded(fact.IncidentAcked, lambda event: Line("human", f"{event.person} takes care")),
        worded(
            fact.IncidentSnoozed,
            lambda event: Line(
                "human", f"{event.person} snoozed reminders until {utc_words(event.until)}"
            ),
        ),
        worded(fact.IncidentEscalated, _escalated),
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
