"""Rendering: what is not seen is spelled out, what is undefined is an error."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some
from jinja2 import UndefinedError
from markupsafe import Markup, escape

from bot.conversation.legible import UNSEEN
from bot.web.render import seen, span, templates


@given(some.text())
def test_a_rendered_text_is_escaped_and_holds_nothing_unseen(text: str) -> None:
    made = templates().from_string("{{ text }}").render(text=text)
    assert not UNSEEN.search(made)
    assert made == str(escape(str(seen(text))))


def test_an_attribute_cannot_be_left() -> None:
    made = templates().from_string('<a title="{{ text }}">').render(text='"><script>')
    assert made == '<a title="&#34;&gt;&lt;script&gt;">'


def test_what_is_undefined_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        templates().from_string("{{ nobody }}").render()


def test_our_own_markup_and_line_breaks_stay() -> None:
    assert seen(Markup("<b>x</b>")) == "<b>x</b>"
    assert seen("one\n\ttwo") == "one\n\ttwo"
    assert seen(7) == 7


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"),
     (3900, "1 h 5 min"), (86400, "1 d"), (90000, "1 d 1 h")],
)  # fmt: skip
def test_a_span_is_said_in_one_or_two_units(seconds: int, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words
