"""Whose turn it is to speak in a place that takes so many messages a second and no more. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

PATIENCE = timedelta(seconds=5)
"""Whoever does not come back so long after its turn has nothing to say any more."""
PLACES_MAX = 1000


@dataclass(frozen=True, slots=True, order=True)
class Urgency:
    """What comes first: the more severe (lower `rank`), a first card, then the older incident."""

    rank: int
    later: bool
    at: datetime
    incident: str


@dataclass(slots=True)
class _Place:
    free_at: datetime
    queue: dict[str, tuple[Urgency, datetime]] = field(
        default_factory=dict[str, tuple[Urgency, datetime]]
    )


class Pace:
    """One channel's places; forgetting them only makes a message come early.

    Args:
        every_s: Pause between two new messages in one place; 0 means none.
    """

    def __init__(self, every_s: float) -> None:
        self._every = timedelta(seconds=every_s)
        self._places: dict[str, _Place] = {}

    def turn(self, place: str, urgency: Urgency, now: datetime) -> datetime | None:
        """Return None when it may speak now (and has), else when to ask again."""
        if not self._every:
            return None
        known = self._known(place, now)
        for incident, (_, until) in list(known.queue.items()):
            if until < now:
                del known.queue[incident]
        known.queue.pop(urgency.incident, None)
        ahead = sum(other < urgency for other, _ in known.queue.values())
        if known.free_at <= now and not ahead:
            known.free_at = now + self._every
            return None
        again = max(known.free_at, now) + ahead * self._every
        known.queue[urgency.incident] = (urgency, again + PATIENCE)
        return again

    def hush(self, place: str, until: datetime) -> None:
        """Let nobody speak there before `until`: the channel said that it was too much."""
        if self._every:
            known = self._known(place, until)
            known.free_at = max(known.free_at, until)

    def _known(self, place: str, free_at: datetime) -> _Place:
        if place not in self._places and len(self._places) >= PLACES_MAX:
            self._places.pop(next(iter(self._places)))
        return self._places.setdefault(place, _Place(free_at))
