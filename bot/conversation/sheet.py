"""A blank card of a kind, and quoting: what every small card begins with. Pure."""

from bot.conversation.look import Look, footer_line
from bot.conversation.phrases import clip
from bot.incident.card import Card, CardKind, Text, Trust
from bot.incident.state import State

WORDS_CHARS = 2000


def blank_card(state: State, look: Look, kind: CardKind, key: str) -> Card:
    """Return a card that says nothing yet but whose it is; `key` is its place for good."""
    return Card(
        key=key,
        version=state.seq,
        kind=kind,
        title="",
        fallback="",
        severity=state.incident.severity,
        state="",
        footer=footer_line(state, look),
    )


def quoted(text: str, trust: Trust = "outside") -> Text:
    """Return words of somebody else, shortened when they are very long."""
    return Text(value=clip(text, WORDS_CHARS), trust=trust)
