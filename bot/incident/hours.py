"""Hours of the day in a time zone, such as a night: what a wall clock there shows, nothing else."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, model_validator

from bot.incident.model import Value

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of `datetime.weekday`."""
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


def _clock(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise ValueError('write a time of day as "22:00", in quotes, from 00:00 to 24:00')
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}; write one as Europe/Berlin") from None
    return name


Clock = Annotated[str, AfterValidator(_clock)]
Zone = Annotated[str, AfterValidator(_zone)]


class Hours(Value):
    """From `from` (included) until `until` (excluded), as clocks in `zone` show it.

    `until` before `from` means the next morning. `days` are those on which the hours begin; every
    day when it says nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_: Clock = Field(alias="from")
    until: Clock
    zone: Zone
    days: tuple[Day, ...] = DAYS

    @model_validator(mode="after")
    def _lasting(self) -> "Hours":
        if self.from_ in {self.until, "24:00"}:
            raise ValueError('these hours last no time; the whole day is "00:00" until "24:00"')
        return self

    def __str__(self) -> str:
        days = "" if self.days == DAYS else f" on {', '.join(self.days)}"
        return f"{self.from_} to {self.until} {self.zone}{days}"

    def holds(self, at: datetime) -> bool:
        """True when `at` (aware) falls into these hours."""
        local = at.astimezone(ZoneInfo(self.zone))
        clock = f"{local:%H:%M}"
        today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
        if self.from_ < self.until:
            return today in self.days and self.from_ <= clock < self.until
        return (today in self.days and clock >= self.from_) or (
            yesterday in self.days and clock < self.until
        )


class Span(Value):
    """From an aware time (included) until another (excluded)."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    from_: AwareDatetime = Field(alias="from")
    until: AwareDatetime

    @model_validator(mode="after")
    def _forward(self) -> "Span":
        if self.until <= self.from_:
            raise ValueError("until is not after from")
        return self

    def holds(self, at: datetime) -> bool:
        """True when `at` (aware) falls into it."""
        return self.from_ <= at < self.until


def wall_clock(start: datetime, step: timedelta, times: int, zone: str) -> datetime:
    """Return `start` moved `times` steps along the wall clock of `zone` ("": along UTC), aware.

    So a handover at nine stays at nine when clocks change. Of an hour that happens twice the first
    counts; one that is left out counts as if clocks had not changed yet.
    """
    if not zone:
        return start + step * times
    local = start.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return (local + step * times).replace(tzinfo=ZoneInfo(zone))
