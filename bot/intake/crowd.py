"""How many strangers' clicks become facts: a bound on what anybody can write into the log."""

from collections import deque
from datetime import datetime, timedelta

from bot.ports import Clock

PER_MINUTE = 10
MINUTE = timedelta(minutes=1)
INCIDENTS = 1000


class Crowd:
    """Counts, in this process, the clicks of strangers on each incident within a minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._clicks: dict[str, deque[datetime]] = {}

    def room(self, incident: str) -> bool:
        """Count one click; True while the refusal of it may still be kept as a fact."""
        now = self._clock.now()
        if incident not in self._clicks and len(self._clicks) >= INCIDENTS:
            self._forget(now)
        clicks = self._clicks.setdefault(incident, deque())
        while clicks and now - clicks[0] >= MINUTE:
            clicks.popleft()
        if len(clicks) >= PER_MINUTE:
            return False
        clicks.append(now)
        return True

    def _forget(self, now: datetime) -> None:
        """Drop the incidents nobody clicked on lately; where all are busy, drop them all."""
        fresh = {name: at for name, at in self._clicks.items() if at and now - at[-1] < MINUTE}
        self._clicks = fresh if len(fresh) < INCIDENTS else {}
