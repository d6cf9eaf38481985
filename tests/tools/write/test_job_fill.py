"""Filling places."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.errors import ToolError
from tools.write.job_fill import fill, fill_text, has_float, places, pointed

KNOWN: dict[str, JsonValue] = {"service": "checkout", "n": 3, "on": True, "before.version": "v1"}


def test_a_text_that_is_one_place_keeps_the_values_type() -> None:
    assert fill(["{n}", "{on}", {"a": "{service}"}, 7, None], KNOWN) == [
        3, True, {"a": "checkout"}, 7, None
    ]  # fmt: skip


def test_places_within_a_text_become_words() -> None:
    told = fill_text("{service} has {n} at {before.version}, {on}", KNOWN)
    assert told == "checkout has 3 at v1, true"


@pytest.mark.parametrize("text", ['x{service="a"}', "a{2}", "{}", "{a b}", "{n:>9}", "{n!r}", "{{"])
def test_what_only_looks_like_a_place_is_left_alone(text: str) -> None:
    assert fill_text(text, KNOWN) == text
    assert list(places(text)) == []


@given(st.text())
def test_a_filled_value_is_not_filled_again(value: str) -> None:
    assert fill("a {x}", {"x": value, "n": 1}) == f"a {value}"


@pytest.mark.parametrize("text", ["{nope}", "a {nope}", "{service.upper}", "{before.other}"])
def test_a_place_without_a_value_is_an_error(text: str) -> None:
    with pytest.raises(ToolError, match=r"there is no value for \{"):
        fill(text, KNOWN)


def test_a_pointer_finds_what_it_names_and_nothing_else() -> None:
    document: JsonValue = {"a": [{"b/c": 1, "~": 2}], "n": None}
    assert pointed(document, "/a/0/b~1c") == 1
    assert pointed(document, "/a/0/~0") == 2
    for pointer in ("/a/1", "/a/-", "/a/x", "/n/x", "/zz"):
        assert pointed(document, pointer) is None


def test_a_float_is_found_wherever_it_hides() -> None:
    assert has_float([{"a": [1, {"b": 0.5}]}])
    assert not has_float([{"a": [1, {"b": "0.5"}, True, None]}])
