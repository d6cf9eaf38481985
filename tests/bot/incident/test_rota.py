from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.incident.rota import Level, Override, Rota, serving


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def level(every: str = "7d", zone: str | None = "Europe/Berlin") -> Level:
    return Level.model_validate(
        {
            "persons": ["dana", "sam", "eve"],
            "starts": "2026-03-16T09:00:00+01:00",
            "every": every,
            "zone": zone,
        }
    )


@pytest.mark.parametrize(
    ("turns", "at", "who"),
    [
        pytest.param(level(), "2026-03-16T07:59:59", (), id="nobody-before-the-first-turn"),
        pytest.param(level(), "2026-03-16T08:00", ("dana",), id="the-first-minute"),
        pytest.param(level(), "2026-03-23T07:59:59", ("dana",), id="the-last-second"),
        pytest.param(level(), "2026-03-23T08:00", ("sam",), id="the-handover"),
        pytest.param(level(), "2026-03-30T06:59:59", ("sam",), id="clocks-changed-before"),
        pytest.param(level(), "2026-03-30T07:00", ("eve",), id="still-nine-in-berlin"),
        pytest.param(level(), "2026-04-06T07:00", ("dana",), id="round-again"),
        pytest.param(level(), "2026-11-02T07:59", ("eve",), id="winter-before"),
        pytest.param(level(), "2026-11-02T08:00", ("dana",), id="winter-again"),
        pytest.param(level(zone=None), "2026-03-30T07:30", ("sam",), id="no-zone-in-utc"),
        pytest.param(level(zone=None), "2026-03-30T08:00", ("eve",), id="no-zone-handover"),
        pytest.param(level("1d"), "2026-03-17T08:00", ("sam",), id="daily"),
        pytest.param(level("12h"), "2026-03-16T20:00", ("sam",), id="half-days"),
        pytest.param(level("12h"), "2026-03-29T07:00", ("eve",), id="half-day-after-the-change"),
        pytest.param(Level(persons=("dana", "sam")), "2026-01-01T00:00", ("dana", "sam"), id="all"),
    ],
)
def test_whose_turn_it_is(turns: Level, at: str, who: tuple[str, ...]) -> None:
    assert turns.scheduled(utc(at)) == who


@given(
    st.integers(0, 3000).map(lambda hours: utc("2026-03-16T08:00") + timedelta(hours=hours)),
    st.sampled_from(["12h", "1d", "7d", "5h"]),
    st.sampled_from([None, "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_one_person_at_a_time_and_the_next_one_is_the_next(
    at: datetime, every: str, zone: str | None
) -> None:
    turns = level(every, zone)
    (now,) = turns.scheduled(at)
    (later,) = turns.scheduled(at + timedelta(hours=1))
    order = list(turns.persons)
    assert later in {now, order[(order.index(now) + 1) % 3]}


def away(person: str, begins: str, ends: str, on: int = 1) -> Override:
    return Override.model_validate({"person": person, "from": begins, "until": ends, "level": on})


ROTA = Rota(
    name="sre",
    levels=(level(), Level(persons=("boss",))),
    overrides=(
        away("eve", "2026-03-17T18:00:00Z", "2026-03-18T08:00:00Z"),
        away("zoe", "2026-03-18T06:00:00Z", "2026-03-18T10:00:00Z"),
        away("vice", "2026-03-18T06:00:00Z", "2026-03-18T10:00:00Z", on=2),
    ),
)


@pytest.mark.parametrize(
    ("at", "rung", "who"),
    [
        ("2026-03-17T17:59:59", 1, ()),
        ("2026-03-17T18:00:00", 1, ("eve",)),
        ("2026-03-18T07:00:00", 1, ("eve", "zoe")),
        ("2026-03-18T08:00:00", 1, ("zoe",)),
        ("2026-03-18T10:00:00", 1, ()),
        ("2026-03-18T07:00:00", 2, ("vice",)),
    ],
)
def test_overrides_last_as_long_as_they_say_and_may_overlap(
    at: str, rung: int, who: tuple[str, ...]
) -> None:
    assert ROTA.stand_ins(utc(at), rung) == who


@pytest.mark.parametrize("rung", [0, -1, 3])
def test_a_level_that_is_not_there_is_nobodys(rung: int) -> None:
    assert ROTA.scheduled(utc("2026-03-18T07:00"), rung) == ()
    assert ROTA.scheduled(utc("2026-03-18T07:00"), 2) == ("boss",)


def test_a_rota_that_names_the_service_goes_before_the_owners() -> None:
    shop = Rota(name="shop", services=("Checkout",), levels=(Level(persons=("zoe",)),))
    rotas = (ROTA, shop)
    assert serving(rotas, "sre", "checkout") is shop
    assert serving(rotas, "sre", "billing") is ROTA
    assert serving(rotas, "payments", "billing") is None
    assert serving(rotas, "", "") is None
    assert serving(rotas, "shop", "billing") is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"every": None}, "needs both starts and every"),
        ({"starts": None}, "needs both starts and every"),
        ({"starts": None, "every": None}, "zone is for a rotation"),
        ({"starts": "2026-03-16T09:00:00"}, "timezone"),
        ({"every": "weekly"}, "7d, 1d or 12h"),
        ({"every": "0d"}, "7d, 1d or 12h"),
        ({"persons": []}, "at least 1"),
        ({"zone": "Berlin"}, "no time zone"),
    ],
)
def test_an_odd_rotation_is_refused(changed: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Level.model_validate({**level().model_dump(), **changed})
