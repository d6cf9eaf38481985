"""Deliveries of alerts that were decoded lately, so that whoever reads them next need not."""

from collections import OrderedDict
from threading import Lock

from bot.incident.events import Unknown, decode
from bot.incident.fact import Fact
from bot.incident.facts_alerts import AlertsReceived

ROOM = 4000
"""Alerts that are kept in all; one takes about 5 kB."""
ALERTS = AlertsReceived.__name__


class Recent:
    """A bounded memory from stored bytes to the fact they say; any thread may ask it.

    The bytes are read from the database each time, so one that was rewritten is read as it is
    now (E-07). Only alerts are kept: they are most of what is read, and dear to decode.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._kept: OrderedDict[bytes, AlertsReceived] = OrderedDict()
        self._alerts = 0
        self._lock = Lock()

    def decode(self, kind: str, v: int, body: bytes) -> Fact | Unknown:
        """Return what `bot.incident.events.decode` does."""
        if kind != ALERTS or v != AlertsReceived.v:
            return decode(kind, v, body)
        with self._lock:
            known = self._kept.get(body)
            if known is not None:
                self._kept.move_to_end(body)
                return known
        fact = decode(kind, v, body)
        if isinstance(fact, AlertsReceived):
            self._keep(body, fact)
        return fact

    def _keep(self, body: bytes, fact: AlertsReceived) -> None:
        with self._lock:
            if body in self._kept or len(fact.alerts) > self._room:
                return
            self._kept[body] = fact
            self._alerts += len(fact.alerts)
            while self._alerts > self._room:
                _, gone = self._kept.popitem(last=False)
                self._alerts -= len(gone.alerts)
