"""Who is on call, by turns that repeat and by exceptions to them; names only, and no clock."""

import re
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from bot.incident.hours import Span, Zone, wall_clock
from bot.incident.model import Value

MAX_LEVELS = 5
_EVERY = re.compile(r"([1-9]\d{0,2})([dh])")


def _every(text: str) -> str:
    if not _EVERY.fullmatch(text):
        raise ValueError("write how long a turn lasts as 7d, 1d or 12h")
    return text


class Override(Span):
    """Somebody stands in: while it lasts, `person` is on call on `level` instead of whose turn."""

    person: str
    level: int = Field(default=1, ge=1, le=MAX_LEVELS)


class Level(Value):
    """One rung of the ladder: always the same `persons`, or one of them after another.

    Turns begin at `starts`, the first person first, and each lasts `every` ("7d", "12h"). With a
    `zone` the handover keeps its time of day there when clocks change. Before `starts` nobody is
    on call here.
    """

    persons: tuple[str, ...] = Field(min_length=1)
    starts: AwareDatetime | None = None
    every: Annotated[str, AfterValidator(_every)] | None = None
    zone: Zone | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Level":
        if (self.starts is None) is not (self.every is None):
            raise ValueError("a rotation needs both starts and every; leave both out for always")
        if self.zone is not None and self.starts is None:
            raise ValueError("zone is for a rotation; add starts and every")
        return self

    def scheduled(self, at: datetime) -> tuple[str, ...]:
        """Return whose turn it is at `at` (aware); nobody before the first turn."""
        if self.starts is None or self.every is None:
            return self.persons
        found = _EVERY.fullmatch(self.every)
        amount, unit = (int(found[1]), found[2]) if found else (1, "d")
        step = timedelta(days=amount) if unit == "d" else timedelta(hours=amount)
        turn = (at - self.starts) // step
        zone = self.zone or ""
        while wall_clock(self.starts, step, turn, zone) > at:
            turn -= 1
        while wall_clock(self.starts, step, turn + 1, zone) <= at:
            turn += 1
        return (self.persons[turn % len(self.persons)],) if turn >= 0 else ()


class Rota(Value):
    """A ladder of levels for what `owners` (its own name, by default) own, or for `services`."""

    name: str = Field(min_length=1, max_length=100)
    owners: tuple[str, ...] | None = None
    services: tuple[str, ...] = ()
    levels: tuple[Level, ...] = Field(min_length=1, max_length=MAX_LEVELS)
    overrides: tuple[Override, ...] = ()

    @property
    def owned_by(self) -> tuple[str, ...]:
        """The groups and persons whose services it serves."""
        if self.owners is not None:
            return self.owners
        return () if self.services else (self.name,)

    def names(self) -> set[str]:
        """Return everybody it ever names."""
        planned = {name for level in self.levels for name in level.persons}
        return planned | {one.person for one in self.overrides}

    def stand_ins(self, at: datetime, level: int) -> tuple[str, ...]:
        """Return whoever overrides the level at `at`, in file order; usually nobody."""
        found = (one.person for one in self.overrides if one.level == level and one.holds(at))
        return tuple(dict.fromkeys(found))

    def scheduled(self, at: datetime, level: int) -> tuple[str, ...]:
        """Return whose turn it is by plan; nobody above the last level or before the first turn."""
        return self.levels[level - 1].scheduled(at) if 1 <= level <= len(self.levels) else ()


def serving(rotas: tuple[Rota, ...], owner: str, service: str = "") -> Rota | None:
    """Return the rota of a service: one that names it, else one of its owner, else None."""
    wanted = service.casefold()
    for rota in rotas:
        if wanted and wanted in {name.casefold() for name in rota.services}:
            return rota
    return next((rota for rota in rotas if owner and owner in rota.owned_by), None)
