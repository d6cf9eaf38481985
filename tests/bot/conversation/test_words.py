"""Words for events: every type has its own, and none of them raises or shows JSON."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.conversation.line import LABELS
from bot.conversation.words import FIELD_CHARS, WORDINGS, fields, words
from bot.incident import facts_house
from bot.incident.events import EVENT_TYPES, Event, Unknown
from bot.incident.fact import Fact
from tests.bot.web import stories

STORIES = [
    *stories.bad_deploy(),
    *stories.approved(),
    *stories.questioned(),
    *stories.hostile(),
]
HOUSE_TYPES = {
    name for name, cls in vars(facts_house).items()
    if isinstance(cls, type) and issubclass(cls, Fact)
}  # fmt: skip


def test_every_event_of_an_incident_has_words() -> None:
    worded = {cls.__name__ for cls in WORDINGS}
    assert set(EVENT_TYPES) - HOUSE_TYPES - worded == set()


@pytest.mark.parametrize("event", STORIES, ids=lambda event: f"{event.stream}-{event.seq}")
def test_a_line_is_a_sentence_and_not_json(event: Event) -> None:
    line = words(event)
    assert line.kind in LABELS
    assert line.text
    assert not line.text.startswith(("{", "["))
    assert all(isinstance(value, str) for _, value in fields(event))


def test_an_event_of_another_version_says_so() -> None:
    body = Unknown(type="IncidentAcked", v=9, why="this version reads v1")
    line = words(Event("INC-1", 1, datetime.now(UTC), "bot", body))
    assert "IncidentAcked v9" in line.text
    assert line.kind == "bad"


@given(some.text(max_size=3 * FIELD_CHARS))
def test_a_long_field_is_cut_and_says_by_how_much(text: str) -> None:
    event = stories.hostile()[4]
    body = event.body.model_copy(update={"text": text})
    shown = dict(fields(Event("INC-1", 1, event.at, "bot", body)))["text"]
    over = len(text) - FIELD_CHARS
    assert shown == (f"{text[:FIELD_CHARS]} … (+{over} characters)" if over > 0 else text)
