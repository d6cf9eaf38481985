from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.gates import CALL_S, Ticket, Turnstile, investigates, ticket_of
from bot.incident.effects import (
    AskModel,
    Effect,
    Hold,
    Prefetch,
    Record,
    RunTools,
    Summarise,
    Wait,
)
from bot.incident.facts_run import StepChosen
from bot.incident.state import ASKED, Pending, State
from bot.incident.steps import CallTools, ToolCall

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class Hall:
    """A gate, who was called up, and a clock that is moved by hand."""

    def __init__(self, total: int = 2, each: int = 2) -> None:
        self.called: list[str] = []
        self.now = 0.0
        self.gate = Turnstile(total, each, self.called.append, lambda: self.now)

    def enter(self, name: str, rank: int = 2, service: str = "", age_s: float = 0.0) -> bool:
        at = BEGAN - timedelta(seconds=age_s)
        return self.gate.enter(Ticket(name, service or name, rank, at))


def test_no_more_than_the_total_are_inside_and_a_place_is_handed_on() -> None:
    hall = Hall(total=2)
    assert [hall.enter(name) for name in "abc"] == [True, True, False]
    assert (hall.gate.inside, hall.gate.waiting) == (2, ("c",))
    hall.gate.leave("a")
    assert hall.called == ["c"]
    assert hall.enter("c")
    assert hall.gate.inside == 2


def test_whoever_is_inside_stays_inside_when_it_asks_again() -> None:
    hall = Hall(total=1)
    assert hall.enter("a")
    assert not hall.enter("b")
    assert hall.enter("a")
    assert hall.gate.inside == 1


def test_critical_ones_come_first_and_then_the_older() -> None:
    hall = Hall(total=1)
    hall.enter("busy")
    hall.enter("old warning", rank=2, age_s=500)
    hall.enter("new critical", rank=0, age_s=1)
    hall.enter("old critical", rank=0, age_s=90)
    order: list[str] = []
    inside = "busy"
    for _ in range(3):
        hall.gate.leave(inside)
        inside = hall.called[-1]
        assert hall.enter(inside)
        order.append(inside)
    assert order == ["old critical", "new critical", "old warning"]


def test_one_service_takes_no_more_than_its_share() -> None:
    hall = Hall(total=3, each=2)
    entered = [hall.enter(f"shop-{n}", service="shop") for n in range(4)]
    assert entered == [True, True, False, False]
    assert hall.enter("mail-1", service="mail")


def test_among_equals_the_service_with_the_fewest_places_is_served() -> None:
    hall = Hall(total=2, each=2)
    hall.enter("shop-1", service="shop")
    hall.enter("gone", service="other")
    hall.enter("shop-2", service="shop", age_s=900)
    hall.enter("mail-1", service="mail", age_s=1)
    hall.gate.leave("gone")
    assert hall.called == ["mail-1"]


def test_a_newcomer_does_not_overtake_one_that_was_called_up() -> None:
    hall = Hall(total=1)
    hall.enter("a")
    hall.enter("b")
    hall.gate.leave("a")
    assert not hall.enter("c", rank=0)
    assert hall.enter("b")


def test_a_call_that_nobody_answers_goes_to_the_next() -> None:
    hall = Hall(total=1)
    for name in ("a", "b", "c"):
        hall.enter(name)
    hall.gate.leave("a")
    assert hall.called == ["b"]
    hall.now += CALL_S
    assert not hall.enter("d")
    assert hall.called == ["b", "c"]


def test_leaving_while_queued_or_called_up_loses_no_place() -> None:
    hall = Hall(total=1)
    for name in ("a", "b", "c", "d"):
        hall.enter(name)
    hall.gate.leave("b")
    hall.gate.leave("a")
    assert hall.called == ["c"]
    hall.gate.leave("c")
    assert hall.called == ["c", "d"]
    hall.gate.leave("d")
    hall.gate.leave("d")
    assert hall.gate.inside == 0
    assert hall.enter("e")


def test_how_many_are_ahead_counts_the_more_urgent_ones() -> None:
    hall = Hall(total=1)
    hall.enter("a")
    hall.enter("late warning", rank=2, age_s=1)
    hall.enter("early warning", rank=2, age_s=9)
    hall.enter("critical", rank=0)
    ahead = {name: hall.gate.ahead(name) for name in (*hall.gate.waiting, "a", "nobody")}
    assert ahead == {
        "critical": 0,
        "early warning": 1,
        "late warning": 2,
        "a": None,
        "nobody": None,
    }


MOVES = st.lists(
    st.tuples(st.sampled_from(["enter", "leave", "wait"]), st.integers(0, 11), st.integers(0, 2)),
    max_size=80,
)


@given(moves=MOVES, total=st.integers(1, 4), each=st.integers(1, 3))
def test_no_order_of_moves_breaks_a_cap_or_leaves_a_place_empty(
    moves: list[tuple[str, int, int]], total: int, each: int
) -> None:
    hall = Hall(total, each)
    inside: set[str] = set()
    for what, number, rank in moves:
        name, service = f"n{number}", f"s{number % 3}"
        if what == "enter" and hall.enter(name, rank, service):
            inside.add(name)
        elif what == "leave":
            hall.gate.leave(name)
            inside.discard(name)
        elif what == "wait":
            hall.now += 1
        shares = Counter(int(one[1:]) % 3 for one in inside)
        assert len(inside) <= hall.gate.inside <= total
        assert all(share <= each for share in shares.values())
    for name in inside:
        hall.gate.leave(name)
    hall.now += CALL_S
    served: set[str] = set()
    left = set(hall.gate.waiting)
    for _ in range(20 * 12):
        for name in sorted(left - served):
            if hall.enter(name, 0, f"s{int(name[1:]) % 3}"):
                served.add(name)
                hall.gate.leave(name)
        hall.now += 1
    assert served == left


def chosen(effect_id: str) -> Pending:
    step = CallTools(calls=(ToolCall(tool="x_read", args={}),))
    return Pending(StepChosen(effect_id=effect_id, step=step, by="planner"), BEGAN)


@pytest.mark.parametrize(
    ("effect", "needs"),
    [
        (AskModel("r1s1", 10), True),
        (RunTools(chosen("r1s1"), (0,)), True),
        (RunTools(chosen(f"{ASKED}1"), (0,)), False),
        (Prefetch(), False),
        (Record(()), False),
        (Summarise(), False),
        (Wait(None), False),
        (Hold("x"), False),
    ],
)
def test_only_a_long_look_that_nobody_asked_for_needs_a_place(effect: Effect, needs: bool) -> None:
    assert investigates(effect) is needs


def test_a_stream_without_an_incident_has_no_ticket() -> None:
    with pytest.raises(ValueError, match="no incident"):
        ticket_of(State(stream="INC-1"))
