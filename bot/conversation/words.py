"""Events as lines for humans: one table over the types, and their fields for whoever unfolds."""

import json

from bot.conversation.line import Line, Wording
from bot.conversation.phrases import clip
from bot.conversation.words_action import ACTION_WORDS
from bot.conversation.words_alerts import ALERT_WORDS
from bot.conversation.words_audit import AUDIT_WORDS
from bot.conversation.words_people import PEOPLE_WORDS
from bot.conversation.words_run import RUN_WORDS
from bot.incident.events import Event, Unknown

FIELD_CHARS = 2000
"""How much of one field is shown under an event; the API has the rest."""

WORDINGS: dict[type, Wording] = {
    **ALERT_WORDS,
    **RUN_WORDS,
    **ACTION_WORDS,
    **AUDIT_WORDS,
    **PEOPLE_WORDS,
}


def words(event: Event) -> Line:
    """Return the event in words; an event of an unknown type says so and never raises."""
    body = event.body
    if isinstance(body, Unknown):
        return Line("bad", f"An event this version cannot read: {body.type} v{body.v}", body.why)
    wording = WORDINGS.get(type(body))
    return wording(body) if wording else Line("bot", event.type, routine=True)


def fields(event: Event) -> list[tuple[str, str]]:
    """Return the event's fields by name, in their order; long ones are cut and say so."""
    found = event.body.model_dump(mode="json")
    return [(name.replace("_", " "), _shown(value)) for name, value in found.items()]


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return clip(text, FIELD_CHARS)
