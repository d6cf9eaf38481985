import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.agent.tokens import milli, safe
from bot.agent.window import Cut, NoRoomError, Piece, Room, Smaller, fit_window, summed
from bot.incident.facts_run import LeftOut

WORDS = st.text("abc 12\n<>^é", max_size=300)
ROOMS = st.builds(
    Room,
    st.sampled_from([0, 512, 2048, 8192, 200_000]),
    st.floats(0.5, 4, allow_nan=False),
)


@st.composite
def pieces(draw: st.DrawFn) -> list[Piece]:
    made: list[Piece] = []
    for number in range(draw(st.integers(0, 12))):
        text = f"whole {number} {draw(WORDS)}\n"
        cuts = sorted(draw(st.lists(st.sampled_from(Cut), max_size=2)))
        left = (LeftOut(what=f"part of {number}"),)
        smaller = [Smaller(cut, number, f"{n}\n", left) for n, cut in enumerate(cuts)]
        if cuts:
            smaller[-1] = Smaller(cuts[-1], number, "", left)
        made.append(Piece(text, tuple(smaller), draw(st.sampled_from(["stable", "volatile"]))))
    return made


@given(parts=pieces(), fixed=st.integers(0, 900_000), room=ROOMS)
def test_whatever_the_pieces_they_fit_or_it_is_said_that_they_do_not(
    parts: list[Piece], fixed: int, room: Room
) -> None:
    smallest = sum(milli(one.smaller[-1].text if one.smaller else one.text) for one in parts)
    if not room.has(-(-(fixed + smallest) // 1000)):
        with pytest.raises(NoRoomError, match="set LLM_WINDOW_TOKENS") as caught:
            fit_window(parts, fixed, room)
        assert (caught.value.kind, caught.value.too_long) == ("refused", False)
        return
    made = fit_window(parts, fixed, room)
    assert made.estimated_tokens * room.ratio + 50 <= 0.40 * (room.window_tokens or 8192)
    assert made.estimated_tokens * 1000 >= fixed + milli(made.stable) + milli(made.volatile)
    assert fit_window(parts, fixed, room) == made


@given(parts=pieces(), room=ROOMS)
def test_nothing_is_left_out_in_silence_and_nothing_without_need(
    parts: list[Piece], room: Room
) -> None:
    try:
        made = fit_window(parts, 0, room)
    except NoRoomError:
        return
    told = {one.what for one in made.left_out}
    for number, part in enumerate(parts):
        sent = made.stable if part.zone == "stable" else made.volatile
        assert (part.text in sent) != (f"part of {number}" in told)
    whole = sum(milli(part.text) for part in parts)
    assert bool(told) != room.has(-(-whole // 1000))


def test_the_order_in_which_room_is_given_up_is_fixed() -> None:
    parts = [
        Piece("x" * 40 + "\n", (Smaller(cut, 0, "", (LeftOut(what=cut.name),)),))
        for cut in reversed(Cut)
    ]
    size, gone = milli(parts[0].text) / 1000, list[str]()
    for kept in range(len(parts), 0, -1):
        room = Room(math.ceil(kept * size) + 50, 1, share=1)
        gone.append(",".join(one.what for one in fit_window(parts, 0, room).left_out))
    assert gone[0] == ""
    names = [cut.name for cut in Cut]
    for n, left in enumerate(gone):
        assert set(left.split(",")) - {""} == set(names[:n])


def test_within_one_kind_the_lowest_place_goes_first() -> None:
    parts = [
        Piece(f"{n}" * 40 + "\n", (Smaller(Cut.OLD_RESULT, n, "", (LeftOut(what=str(n)),)),))
        for n in (2, 0, 1)
    ]
    made = fit_window(parts, 0, Room(int(2.2 * milli(parts[0].text) / 400) + 130, 1))
    assert [one.what for one in made.left_out] == ["0"]
    assert made.volatile.startswith("2" * 40)


def test_a_form_that_saves_nothing_is_not_taken() -> None:
    wider = Smaller(Cut.OLD_RESULT, 0, "one two three four\n", (LeftOut(what="a"),))
    gone = Smaller(Cut.SIMILAR, 0, "", (LeftOut(what="b"),))
    parts = [Piece("one\n", (wider,)), Piece("x" * 400 + "\n", (gone,))]
    made = fit_window(parts, 0, Room(200, 1))
    assert (made.volatile, [one.what for one in made.left_out]) == ("one\n", ["b"])


def test_an_unknown_window_is_the_smallest_one() -> None:
    assert Room(0, 1.3).most_tokens == Room(8192, 1.3).most_tokens == 0.40 * 8192
    assert Room(10_000, 2).expected(100) == 250


def test_what_cannot_be_read_anywhere_is_counted_by_kind() -> None:
    left = [LeftOut(what="a message"), LeftOut(what="x", evidence="e1"), LeftOut(what="a message")]
    assert list(summed(left)) == [
        LeftOut(what="x", evidence="e1"),
        LeftOut(what="a message (2 times)"),
    ]


def test_the_estimate_that_is_fitted_is_that_of_the_bytes_sent() -> None:
    parts = [Piece("alert\n", zone="stable"), Piece("result 5\n"), Piece("next\n")]
    made = fit_window(parts, milli("system") + milli("{}"), Room(8192, 1))
    sent = safe(made.stable) + safe(made.volatile) + safe("system") + safe("{}")
    assert sent - 3 <= made.estimated_tokens <= sent
