"""Facts that were decoded lately, so that whoever reads them next need not."""

from collections import OrderedDict
from threading import Lock

from bot.incident.events import Unknown
from bot.incident.fact import Fact
from bot.incident.sharing import read_fact

ROOM_BYTES = 1_000_000
"""Stored bytes whose facts are kept, at most; a fact takes about what its bytes do."""


class Recent:
    """A bounded memory from stored bytes to the fact they say; any thread may ask it.

    The bytes are read from the database each time, so one that was rewritten is read as it is
    now (E-07).
    """

    def __init__(self, room_bytes: int = ROOM_BYTES) -> None:
        self._room_bytes = room_bytes
        self._kept: OrderedDict[tuple[str, int, bytes], Fact] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def decode(self, kind: str, v: int, body: bytes) -> Fact | Unknown:
        """Return what `bot.incident.events.decode` does."""
        key = (kind, v, body)
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
                return known
        fact = read_fact(kind, v, body)
        if not isinstance(fact, Unknown):
            self._keep(key, fact)
        return fact

    def _keep(self, key: tuple[str, int, bytes], fact: Fact) -> None:
        with self._lock:
            if key in self._kept or len(key[2]) > self._room_bytes:
                return
            self._kept[key] = fact
            self._bytes += len(key[2])
            while self._bytes > self._room_bytes:
                (_, _, gone), _ = self._kept.popitem(last=False)
                self._bytes -= len(gone)
