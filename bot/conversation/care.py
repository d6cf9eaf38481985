"""Who takes care of an incident: its lines and controls on cards. Pure."""

from bot.conversation.phrases import utc_words
from bot.incident.call import Called
from bot.incident.card import Control
from bot.incident.state import State

SNOOZE = "30m"
"""How long the button snoozes; any other time is typed."""


def care_lines(state: State) -> tuple[tuple[str, str], ...]:
    """Return (label, words) of who takes care, who was called, and until when it is quiet."""
    view = state.incident
    if view.status == "closed":
        return (("Acknowledged by", view.acked_by), ("Escalated to", view.escalated))
    since = f", {utc_words(view.acked_at)}" if view.acked_by and view.acked_at else ""
    asked, called = view.handoff, view.called
    level = f"level {called.level}: " if called is not None and called.to == view.escalated else ""
    until = view.snoozed_until
    quiet = until is not None and (state.at is None or until > state.at)
    return (
        ("Acknowledged by", f"{view.acked_by}{since}"),
        ("Handover", f"{asked.to} is asked to take over and has not accepted" if asked else ""),
        ("Escalated to", f"{level}{view.escalated}" if view.escalated else ""),
        ("Snoozed", f"no reminders until {utc_words(until)}" if quiet and until else ""),
    )


def care_controls(state: State) -> tuple[Control, ...]:
    """Return the controls of an open incident: ack while nobody has, snooze, escalate, handoff."""
    view = state.incident
    if view.status != "open" or view.merged_into:
        return ()
    name = state.stream
    found = [] if view.acked_by else [_control("ack", "Acknowledge", name, f"Acknowledge {name}")]
    found.append(_control("snooze", f"Snooze {SNOOZE}", SNOOZE, f"Snooze {name} for {SNOOZE}"))
    if view.called is None or not view.called.last:
        found.append(_control("escalate", "Escalate", name, f"Call the next level for {name}"))
    found.append(_control("handoff", "Hand over…", name, f"Hand {name} over to somebody"))
    return tuple(found)


def accept_control(state: State) -> Control:
    """Return the control by which whoever was asked takes over."""
    return _control("ack", "Accept", state.stream, f"Accept the handover of {state.stream}")


def _control(verb: str, label: str, value: str, accessible: str) -> Control:
    return Control.model_validate(
        {"verb": verb, "label": label, "value": value, "accessible": accessible}
    )


def whom(called: Called) -> str:
    """Return whom a call named, in words; says so when nobody could be."""
    quiet = f"quiet hours: {', '.join(called.quiet)}" if called.quiet else ""
    if called.persons:
        return f"{called.to or ', '.join(called.persons)}{f' ({quiet})' if quiet else ''}"
    return f"nobody ({quiet})" if quiet else "nobody: nobody is on call"
