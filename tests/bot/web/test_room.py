import asyncio

import pytest

from bot.errors import BusyError
from bot.web.body import expected_bytes
from bot.web.room import LARGE_BYTES, Hatch, Holding


def test_p6_what_does_not_fit_is_turned_away_and_room_comes_back() -> None:
    room = Holding(100)
    with room.held(60):
        with pytest.raises(BusyError, match="send it again"), room.held(41):
            pytest.fail("it does not fit")
        with room.held(40):
            pass
    with room.held(100):
        pass


def test_room_comes_back_after_an_error() -> None:
    room = Holding(10)
    with pytest.raises(KeyError), room.held(10):
        raise KeyError
    with room.held(10):
        pass


@pytest.mark.parametrize(
    ("declared", "expected"),
    [("12", 12), ("5000", 1000), ("", 1000), ("-1", 1000), ("9" * 40, 1000), ("x", 1000)],
)
def test_a_body_that_does_not_say_how_long_it_is_counts_as_the_longest(
    declared: str, expected: int
) -> None:
    assert expected_bytes({"content-length": declared} if declared else {}, 1000) == expected


async def test_p14_large_bodies_are_opened_in_turn_and_small_ones_at_once() -> None:
    hatch, opened = Hatch(2 * LARGE_BYTES), list[str]()
    go = asyncio.Event()

    async def take(name: str, size_bytes: int) -> None:
        async with hatch.turn(size_bytes):
            opened.append(name)
            await go.wait()

    async with asyncio.TaskGroup() as group:
        for name, size in (("a", 1), ("b", 1), ("c", 1), ("huge", 9), ("d", 1)):
            group.create_task(take(name, size * LARGE_BYTES))
        group.create_task(take("small", LARGE_BYTES - 1))
        async with asyncio.timeout(60):
            while "small" not in opened:  # noqa: ASYNC110 - a list grows, no event
                await asyncio.sleep(0)
        assert sorted(opened) == ["a", "b", "small"]
        go.set()
    assert [name for name in opened if name != "small"] == ["a", "b", "c", "huge", "d"]


async def test_who_is_gone_before_its_turn_holds_nobody_up() -> None:
    hatch = Hatch(LARGE_BYTES)
    async with hatch.turn(LARGE_BYTES):
        waiting = asyncio.create_task(hatch.turn(LARGE_BYTES).__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with asyncio.timeout(60), hatch.turn(LARGE_BYTES):
        pass
