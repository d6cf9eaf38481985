"""How results are worded and bounded."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from tools.words import BODY_BYTES, bounded, duration, line, number, plural, size_bytes

JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.text(), st.integers(min_value=2, max_value=50))
def test_a_line_is_one_printable_line_within_its_limit(text: str, limit: int) -> None:
    made = line(text, limit)
    assert len(made) <= limit
    assert made.isprintable()


def test_a_cut_line_says_so() -> None:
    assert line("a b\nc", 4) == "a b…"


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.34, "ratio", "34 %"),
        (3.0, "", "3"),
        (123456.0, "bytes", "123456 bytes"),
        (0.123456, "s", "0.1235 s"),
        (-2.5, "", "-2.5"),
        (1e20, "", "1e+20"),
    ],
)
def test_a_number_is_read_with_its_unit(value: float, unit: str, words: str) -> None:
    assert number(value, unit) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (45, "45 s"), (3600, "1 h"), (5400, "1 h 30 min"), (90061, "1 d 1 h 1 min 1 s")],
)
def test_a_duration_is_exact(seconds: int, words: str) -> None:
    assert duration(seconds) == words


def test_one_is_not_many() -> None:
    assert (plural(1, "alert"), plural(0, "alert")) == ("1 alert", "0 alerts")


@given(JSON)
def test_a_small_body_is_kept_as_it_is(value: JsonValue) -> None:
    assert bounded(value) == value


@pytest.mark.parametrize("letter", ["a", '"', "\\", "é", "😀", "\x01"])
def test_a_large_body_is_cut_to_what_may_be_kept(letter: str) -> None:
    kept = bounded([letter * BODY_BYTES])
    assert isinstance(kept, dict)
    assert kept["cut"] is True
    assert size_bytes(kept) <= BODY_BYTES
    assert json.loads(json.dumps(kept)) == kept
