from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.incident.model import Op, Predicate
from bot.knowledge.predicate import Facts, FactValue, evaluate, names, number, support


def negated(predicate: Predicate) -> Predicate:
    return Predicate.model_validate({"not": predicate})


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(-5, 5) | st.just(float("nan")),
    st.sampled_from(["", "1", "0.05", "v41", "yes", "no", "true"]),
)
FACTS = st.dictionaries(st.sampled_from("abcd"), VALUES)
OPS = st.sampled_from(get_args(Op))
OPERANDS: st.SearchStrategy[JsonValue] = VALUES | st.lists(VALUES, max_size=3).map(list[JsonValue])


@st.composite
def leaves(draw: st.DrawFn) -> Predicate:
    return Predicate(fact=draw(st.sampled_from("abcd")), op=draw(OPS), value=draw(OPERANDS))


PREDICATES = st.recursive(
    leaves(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Predicate(all=tuple(parts)))
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: Predicate(any=tuple(parts)))
        | inner.map(negated)
    ),
    max_leaves=8,
)


def flipped(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


@pytest.mark.parametrize(
    ("fact", "op", "value", "truth"),
    [
        (5, "eq", 5, True),
        (5.0, "eq", 5, True),
        (0.05, "eq", "0.05", True),
        ("0.05", "lt", 0.1, True),
        ("12", "gt", "9", True),
        ("5", "eq", "5.0", False),
        ("v41", "eq", "v41", True),
        ("v41", "ne", "v42", True),
        ("v41", "lt", "v42", None),
        ("v41", "eq", 41, None),
        ("no data", "lt", 1, None),
        (True, "eq", True, True),
        (True, "eq", "true", True),
        ("no", "eq", False, True),
        ("perhaps", "eq", True, None),
        (True, "eq", 1, None),
        (True, "gt", 0, None),
        (None, "eq", None, None),
        (None, "exists", None, None),
        (0, "exists", None, True),
        (float("nan"), "lt", 1, None),
        (float("nan"), "exists", None, None),
        (float("inf"), "gt", 1, True),
        ("deploy", "in", ["deploy", "flag"], True),
        ("deploy", "in", ["config", "flag"], False),
        (3, "in", ["3", "4"], True),
        ("deploy", "in", "deploy", None),
        ("out of memory", "contains", "memory", True),
        ("out of memory", "contains", "disk", False),
        (5, "contains", "5", None),
        (7, "le", 7, True),
        (7, "ge", 8, False),
        ("9" * 31, "gt", 1, None),
    ],
)
def test_a_comparison(fact: FactValue, op: Op, value: JsonValue, truth: bool | None) -> None:
    assert evaluate(Predicate(fact="a", op=op, value=value), {"a": fact}) is truth


def test_nothing_is_proven_by_a_predicate_that_tests_nothing() -> None:
    assert evaluate(Predicate(), {"": 1, "a": 1}) is None


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "0x10", "nan", "inf", "1_0", "\u0661", "--1", "."]
)
def test_odd_text_is_no_number(text: str) -> None:
    assert number(text) is None


@given(PREDICATES, FACTS)
def test_not_is_its_own_inverse(predicate: Predicate, facts: Facts) -> None:
    assert evaluate(negated(predicate), facts) is flipped(evaluate(predicate, facts))
    assert evaluate(negated(negated(predicate)), facts) is evaluate(predicate, facts)


@given(st.lists(PREDICATES, min_size=1, max_size=4), FACTS)
def test_de_morgan_holds_with_unknowns(parts: list[Predicate], facts: Facts) -> None:
    every = negated(Predicate(all=tuple(parts)))
    some = Predicate(any=tuple(negated(part) for part in parts))
    assert evaluate(every, facts) is evaluate(some, facts)


@given(st.lists(PREDICATES, min_size=1, max_size=4), FACTS)
def test_all_and_any_are_the_weakest_and_the_strongest(
    parts: list[Predicate], facts: Facts
) -> None:
    rank = {False: 0, None: 1, True: 2}
    truths = [rank[evaluate(part, facts)] for part in parts]
    assert rank[evaluate(Predicate(all=tuple(parts)), facts)] == min(truths)
    assert rank[evaluate(Predicate(any=tuple(parts)), facts)] == max(truths)


@given(PREDICATES)
def test_without_facts_nothing_is_proven_nor_refuted(predicate: Predicate) -> None:
    assert evaluate(predicate, {}) is None


@given(PREDICATES, FACTS, FACTS)
def test_what_is_known_stays_known_when_more_is_learnt(
    predicate: Predicate, facts: Facts, more: Facts
) -> None:
    before = evaluate(predicate, facts)
    known = {name: value for name, value in facts.items() if value is not None and value == value}  # noqa: PLR0124 - NaN
    if before is not None:
        assert evaluate(predicate, {**more, **known}) is before


@given(PREDICATES, FACTS)
def test_the_support_alone_decides_the_same(predicate: Predicate, facts: Facts) -> None:
    found = support(predicate, facts)
    truth = evaluate(predicate, facts)
    assert set(found) <= set(names(predicate))
    assert evaluate(predicate, {name: facts[name] for name in found}) is truth
    assert bool(found) is (truth is not None)
