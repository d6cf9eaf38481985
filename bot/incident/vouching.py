"""Who helped whom to their one-time codes: an admin could come in as somebody else by it. Pure.

An admin makes sign-in links and takes codes away. With both, one admin who approves could also set
up another approver's codes and be two persons. So for a day after somebody's codes were set up,
they and whoever helped them count as one at high risk (E-22, E-24).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.incident.events import Event
from bot.incident.facts_house import LinkIssued, StepUpEnrolled

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whose help somebody's codes rest on, and until when that counts."""

    by: tuple[str, ...]
    until: datetime


@dataclass(slots=True)
class Vouching:
    """`helped` is person -> helper -> when last; `vouched` is person -> whose help counts now."""

    helped: dict[str, dict[str, datetime]] = field(default_factory=dict[str, dict[str, datetime]])
    vouched: dict[str, Vouched] = field(default_factory=dict[str, Vouched])

    def extend(self, event: Event) -> None:
        """Add one event of the stream `house`."""
        match event.body:
            case LinkIssued(person=person, by=by) if person:
                self._help(person, by, event.at)
            case StepUpEnrolled(person=person, by=by, taken_away=True):
                self._help(person, by.rpartition(":")[2], event.at)
            case StepUpEnrolled(person=person):
                helped = self.helped.get(person, {})
                recent = tuple(name for name, at in helped.items() if event.at - at < DAY)
                self.vouched[person] = Vouched(recent, event.at + DAY)
            case _:
                pass

    def one_with(self, person: str, others: Iterable[str], now: datetime) -> str:
        """Return who of `others` counts as one with `person` now; "" when nobody does."""
        return next((other for other in others if self._is_one(person, other, now)), "")

    def _is_one(self, person: str, other: str, now: datetime) -> bool:
        pairs = ((person, other), (other, person))
        found = [(self.vouched.get(one), helper) for one, helper in pairs]
        return any(v is not None and helper in v.by and now < v.until for v, helper in found)

    def _help(self, person: str, by: str, at: datetime) -> None:
        if by != person:
            self.helped.setdefault(person, {})[by] = at
