"""How facts about the log itself are worded: who took it out."""

from bot.conversation.line import Line, worded
from bot.incident import facts_house as fact


def _exported(event: fact.AuditExported) -> Line:
    text = f"{event.by} took the log out: {event.events} events of {event.streams} streams"
    return Line("human", text, f"SHA-256 {event.digest}")


def _checkpointed(event: fact.ChainCheckpointed) -> Line:
    by = f", signed by key {event.key}" if event.key else ""
    return Line("bot", f"Noted the heads of {len(event.heads)} streams{by}", routine=True)


def _evaluated(event: fact.ModelEvaluated) -> Line:
    text = f"Tried {event.model} on {event.scenarios} scenarios: {event.passed} passed"
    return Line("bad" if event.failed else "bot", text, ", ".join(event.failed))


AUDIT_WORDS = dict(
    [
        worded(fact.AuditExported, _exported),
        worded(fact.ChainCheckpointed, _checkpointed),
        worded(fact.ModelEvaluated, _evaluated),
    ]
)
"""Fact class → how it is worded."""
