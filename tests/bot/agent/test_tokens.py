import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.agent.tokens import PRIOR_RATIO, milli, ratio_of, safe
from tests.bot.agent.token_texts import COUNTED, Counted


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("error", 1),
        ("unavailable", 3),  # 11 letters, a token for four
        ("8080", 4),
        ("a.b", 3),
        ("ab12cd34ef56ab12", 13),  # 16 of an id, 1.3 a token
        ("abcdefghijklmnop", 6),
        ("ü", 2),
    ],
)
def test_a_text_is_estimated_by_its_kind(text: str, tokens: int) -> None:
    assert safe(text) == tokens


@given(first=st.text(), second=st.text())
def test_the_estimate_of_lines_is_the_sum_of_theirs(first: str, second: str) -> None:
    head, tail = f"{first}x\n", f"x{second}"
    assert milli(head) + milli(tail) == milli(head + tail)
    assert safe(head + tail) <= safe(head) + safe(tail)


def test_before_five_replies_the_ratio_is_wasteful_on_purpose() -> None:
    assert ratio_of([]) == ratio_of([0.9, 0.9, 0.9, 0.9]) == 1.3


def test_then_it_is_what_95_of_100_did_not_exceed() -> None:
    assert ratio_of([1.0] * 48 + [2.0] * 2) == 1.0
    assert ratio_of([1.0] * 47 + [2.0] * 3) == 2.0
    assert ratio_of([0.9, 1.0, 1.1, 1.0, 0.9]) == 1.1


def test_only_the_newest_fifty_replies_count() -> None:
    assert ratio_of([1.0] * 50 + [3.0] * 500) == 1.0


def test_a_ratio_that_cannot_be_is_none() -> None:
    assert ratio_of([100.0] * 9) == 4.0
    assert ratio_of([0.001] * 9) == 0.5
    assert ratio_of([math.nan, math.inf, 0.0, -1.0, *[1.0] * 4]) == 1.3


@pytest.mark.parametrize("one", COUNTED, ids=lambda one: one.kind)
def test_llm_5_the_estimate_is_within_its_bounds_on_what_incidents_are_made_of(
    one: Counted,
) -> None:
    ratios = [safe(one.text) / tokens for tokens in one.tokens]
    assert min(ratios) >= 0.9
    assert max(ratios) <= 1.8
    assert safe(one.text) * PRIOR_RATIO > max(one.tokens)


def test_llm_5_a_quarter_of_the_characters_would_be_too_few() -> None:
    short = [one.kind for one in COUNTED if len(one.text) / 4 < 0.75 * max(one.tokens)]
    assert short == ["log", "json", "metrics", "marked markdown"]
