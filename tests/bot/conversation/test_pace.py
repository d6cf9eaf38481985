from datetime import UTC, datetime, timedelta

from bot.conversation.pace import PATIENCE, PLACES_MAX, Pace, Urgency

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def urgency(name: str, rank: int = 2, *, later: bool = False, age_s: float = 0) -> Urgency:
    return Urgency(rank, later, BEGAN - timedelta(seconds=age_s), name)


def test_a_place_without_a_pace_is_always_free() -> None:
    pace = Pace(0)
    pace.hush("C1", BEGAN + SECOND)
    assert [pace.turn("C1", urgency(str(n)), BEGAN) for n in range(5)] == [None] * 5


def test_each_is_told_its_own_second_and_takes_it() -> None:
    pace = Pace(1)
    told = [pace.turn("C1", urgency(str(n)), BEGAN) for n in range(4)]
    assert told == [None, *(BEGAN + n * SECOND for n in (1, 2, 3))]
    for number in (1, 2, 3):
        assert pace.turn("C1", urgency(str(number)), BEGAN + number * SECOND) is None


def test_places_do_not_wait_for_each_other() -> None:
    pace = Pace(1)
    assert pace.turn("C1", urgency("a"), BEGAN) is None
    assert pace.turn("C2", urgency("b"), BEGAN) is None


def test_a_critical_first_card_overtakes_those_that_wait() -> None:
    pace = Pace(1)
    pace.turn("C1", urgency("spoke"), BEGAN)
    assert pace.turn("C1", urgency("warning"), BEGAN) == BEGAN + SECOND
    assert pace.turn("C1", urgency("critical", 0), BEGAN) == BEGAN + SECOND
    assert pace.turn("C1", urgency("warning"), BEGAN + SECOND) == BEGAN + 2 * SECOND
    assert pace.turn("C1", urgency("critical", 0), BEGAN + SECOND) is None


def test_a_first_card_comes_before_narration_of_the_same_severity() -> None:
    assert sorted(
        [urgency("talk", later=True, age_s=9), urgency("new"), urgency("old", age_s=5)]
    ) == [
        urgency("old", age_s=5),
        urgency("new"),
        urgency("talk", later=True, age_s=9),
    ]


def test_one_that_does_not_come_back_blocks_nobody_for_long() -> None:
    pace = Pace(1)
    pace.turn("C1", urgency("spoke"), BEGAN)
    pace.turn("C1", urgency("gone", 0), BEGAN)
    at = BEGAN + SECOND
    while (again := pace.turn("C1", urgency("here"), at)) is not None:
        at = again
    assert at <= BEGAN + 2 * SECOND + PATIENCE + SECOND


def test_a_place_that_complained_is_left_alone_as_long_as_it_asked() -> None:
    pace = Pace(1)
    pace.hush("C1", BEGAN + 30 * SECOND)
    assert pace.turn("C1", urgency("a"), BEGAN) == BEGAN + 30 * SECOND
    assert pace.turn("C1", urgency("a"), BEGAN + 30 * SECOND) is None


def test_places_are_forgotten_when_there_are_too_many() -> None:
    pace = Pace(1)
    for number in range(PLACES_MAX + 1):
        pace.turn(f"C{number}", urgency("a"), BEGAN)
    assert pace.turn("C0", urgency("b"), BEGAN) is None
