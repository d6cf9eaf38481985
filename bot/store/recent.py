"""Events that were read lately, so that the loop, the outbox and the meter decode them once."""

from collections import OrderedDict
from collections.abc import Sequence

from bot.incident.events import Event
from bot.incident.facts_alerts import AlertsReceived

ROOM = 4000
"""How much is kept in all, in events and alerts; an alert takes about 4 kB."""


class Recent:
    """A bounded memory of whole streams, newest use last. Only the event loop may call it.

    Events never change, so what is kept stays true; whoever asks reads only what came after it.
    Only before an action starts is it compared with the database, which others may have changed.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._kept: OrderedDict[str, tuple[list[Event], int]] = OrderedDict()
        self._weight = 0

    def get(self, stream: str) -> list[Event]:
        """Return the events known of `stream` from its first on; empty when none are."""
        kept = self._kept.get(stream)
        if kept is None:
            return []
        self._kept.move_to_end(stream)
        return kept[0]

    def put(self, stream: str, events: list[Event]) -> None:
        """Keep `events`, all there are of `stream`; other streams make room for them."""
        _, before = self._kept.pop(stream, ((), 0))
        self._weight -= before
        weight = _weight(events)
        if weight > self._room // 2:
            return
        self._kept[stream] = (events, weight)
        self._weight += weight
        while self._weight > self._room:
            _, (_, gone) = self._kept.popitem(last=False)
            self._weight -= gone


def _weight(events: Sequence[Event]) -> int:
    alerts = (event.body.alerts for event in events if isinstance(event.body, AlertsReceived))
    return len(events) + sum(map(len, alerts))
