"""A State that grows from another one, which others go on reading."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields, is_dataclass
from typing import cast

from hypothesis import given

from bot.incident.branch import branch
from bot.incident.fact import Fact
from bot.incident.reducer import State, extend, fold
from tests.bot.incident.making import thread
from tests.bot.incident.test_reducer import ONE_OF_EACH, begun


def changeable(value: object) -> Iterator[object]:
    """Yield everything in a state that can be changed in place; facts and results cannot."""
    if is_dataclass(value) and not isinstance(value, type):
        if getattr(type(value), "__dataclass_params__").frozen:  # noqa: B009 - not in its type
            return
        yield value
        for field in fields(value):
            yield from changeable(getattr(value, field.name))
    elif isinstance(value, dict):
        yield value
        for inner in cast("dict[str, object]", value).values():
            yield from changeable(inner)
    elif isinstance(value, list | set | tuple):
        if not isinstance(value, tuple):
            yield value
        for inner in cast("Iterable[object]", value):
            yield from changeable(inner)


@given(begun)
def test_a_branch_grows_and_what_it_grew_from_stays(history: list[Fact]) -> None:
    state, known = State(), list[tuple[State, object]]()
    for event in thread(history):
        known.append((state, asdict(state)))
        state = extend(branch(state), [event])
    assert state == fold(thread(history))
    assert all(asdict(older) == was for older, was in known)


@given(begun)
def test_a_branch_shares_nothing_that_can_be_changed(history: list[Fact]) -> None:
    state = fold(thread(history))
    assert branch(state) == state
    kept = {id(one) for one in changeable(state)}
    assert len(kept) > 10
    assert not [one for one in changeable(branch(state)) if id(one) in kept]


def test_a_branch_of_a_long_life_is_equal() -> None:
    state = fold(thread(ONE_OF_EACH))
    assert branch(state) == state
