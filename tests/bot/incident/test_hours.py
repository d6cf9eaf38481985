from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from bot.incident.hours import Hours, Span

BERLIN = "Europe/Berlin"
NIGHT = Hours.model_validate({"from": "22:00", "until": "06:00", "zone": BERLIN})
WORK = Hours.model_validate(
    {"from": "09:00", "until": "17:30", "zone": BERLIN, "days": ["mon", "fri"]}
)
FRIDAY_NIGHT = NIGHT.model_copy(update={"days": ("fri",)})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "at", "holds"),
    [
        pytest.param(NIGHT, "2026-01-05T20:59", False, id="winter-before"),
        pytest.param(NIGHT, "2026-01-05T21:00", True, id="winter-first-minute"),
        pytest.param(NIGHT, "2026-01-06T04:59:59", True, id="winter-last-second"),
        pytest.param(NIGHT, "2026-01-06T05:00", False, id="winter-over"),
        pytest.param(NIGHT, "2026-07-05T20:00", True, id="summer-first-minute"),
        pytest.param(NIGHT, "2026-07-06T04:00", False, id="summer-over"),
        pytest.param(NIGHT, "2026-03-29T00:30", True, id="night-that-springs-forward"),
        pytest.param(NIGHT, "2026-03-29T04:00", False, id="one-hour-short"),
        pytest.param(NIGHT, "2026-10-25T04:30", True, id="one-hour-long"),
        pytest.param(WORK, "2026-01-05T08:00", True, id="monday"),
        pytest.param(WORK, "2026-01-06T08:00", False, id="tuesday"),
        pytest.param(WORK, "2026-01-05T16:30", False, id="half-past-five"),
        pytest.param(FRIDAY_NIGHT, "2026-01-09T23:00", True, id="friday-night"),
        pytest.param(FRIDAY_NIGHT, "2026-01-10T04:00", True, id="its-morning-is-saturday"),
        pytest.param(FRIDAY_NIGHT, "2026-01-10T22:00", False, id="saturday-night"),
        pytest.param(FRIDAY_NIGHT, "2026-01-09T04:00", False, id="friday-morning"),
    ],
)
def test_hours_are_what_clocks_there_show(hours: Hours, at: str, holds: bool) -> None:
    assert hours.holds(utc(at)) is holds


def test_a_whole_day_can_be_said() -> None:
    whole = {"from": "00:00", "until": "24:00", "zone": "UTC", "days": ["sun"]}
    sunday = Hours.model_validate(whole)
    assert sunday.holds(utc("2026-01-04T23:59:59"))
    assert not sunday.holds(utc("2026-01-05T00:00"))
    assert str(sunday) == "00:00 to 24:00 UTC on sun"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"from": "22"}, "write a time of day"),
        ({"until": "24:30"}, "write a time of day"),
        ({"from": "06:00"}, "last no time"),
        ({"zone": "Mars/Phobos"}, "there is no time zone"),
        ({"zone": "../etc/passwd"}, "there is no time zone"),
        ({"zone": ""}, "there is no time zone"),
        ({"days": ["someday"]}, "sat"),
    ],
)
def test_odd_hours_are_refused(changed: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Hours.model_validate({"from": "22:00", "until": "06:00", "zone": BERLIN, **changed})


def test_a_span_has_its_beginning_and_not_its_end() -> None:
    given = {"from": "2026-01-05T10:00:00+01:00", "until": "2026-01-05T10:00:00Z"}
    span = Span.model_validate(given)
    assert span.holds(utc("2026-01-05T09:00"))
    assert not span.holds(utc("2026-01-05T10:00"))
    with pytest.raises(ValidationError, match="until is not after from"):
        Span.model_validate({"from": given["until"], "until": given["from"]})
    with pytest.raises(ValidationError, match="timezone"):
        Span.model_validate({"from": "2026-01-05T10:00:00", "until": given["until"]})
