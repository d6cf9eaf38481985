"""What the writer remembers of streams between commits: their heads and their folded states."""

from collections import OrderedDict
from collections.abc import Iterable

from bot.incident.events import GENESIS, Event, decode, unstamp
from bot.incident.fact import HOUSE
from bot.incident.reducer import State, extend
from bot.store.tx import Tx

STATES = 512
STATES_ALERTS = 4000
"""Alerts in the states that are remembered, at most, unless one state alone has more."""
HASHES = 8192

HEAD = "SELECT seq, hash FROM event WHERE stream = ? ORDER BY seq DESC LIMIT 1"
TAIL = "SELECT seq, type, v, at, actor, body FROM event WHERE stream = ? AND seq > ? ORDER BY seq"


class Heads:
    """Two bounded memories, newest use last. Only the writer's thread may call them.

    A state may lag behind the head (an alert is appended without a fold) and catches up when it
    is asked for. What a failed write touched must be forgotten.
    """

    def __init__(self) -> None:
        self._hashes: OrderedDict[str, tuple[int, bytes]] = OrderedDict()
        self._states: OrderedDict[str, State] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._weight = 0

    def forget(self, streams: Iterable[str]) -> None:
        """Drop what is known of these streams."""
        for stream in streams:
            self._hashes.pop(stream, None)
            self._drop(stream)

    def head(self, tx: Tx, stream: str) -> tuple[int, bytes]:
        """Return (seq, hash) of the newest event; (0, GENESIS) of an empty stream."""
        known = self._hashes.get(stream)
        if known is None:
            row = tx.run(HEAD, (stream,)).fetchone()
            known = (0, GENESIS) if row is None else (int(row[0]), bytes(row[1]))
            self.moved(stream, *known)
        else:
            self._hashes.move_to_end(stream)
        return known

    def moved(self, stream: str, seq: int, digest: bytes) -> None:
        """Remember a new head."""
        self._hashes[stream] = (seq, digest)
        self._hashes.move_to_end(stream)
        if len(self._hashes) > HASHES:
            self._hashes.popitem(last=False)

    def state(self, tx: Tx, stream: str) -> State:
        """Return the state at the head; the caller may extend it, nobody else."""
        seq, _ = self.head(tx, stream)
        if stream == HOUSE:  # folded by bot.incident.house; its facts are no incident's
            return State(stream=HOUSE, seq=seq)
        state = self._states.get(stream) or State()
        self._drop(stream)
        if state.seq != seq:
            extend(state, read_tail(tx, stream, state.seq))
        self._states[stream] = state
        self._weights[stream] = len(state.incident.alerts)
        self._weight += self._weights[stream]
        while len(self._states) > STATES or (
            self._weight > STATES_ALERTS and len(self._states) > 1
        ):
            self._drop(next(iter(self._states)))
        return state

    def _drop(self, stream: str) -> None:
        self._states.pop(stream, None)
        self._weight -= self._weights.pop(stream, 0)


def stored_bytes(value: bytes | str) -> bytes:
    """Return a body as bytes, also where somebody's hand made text of it."""
    return value.encode() if isinstance(value, str) else bytes(value)


def read_tail(tx: Tx, stream: str, after: int) -> list[Event]:
    """Return the events of `stream` with seq > `after`, oldest first."""
    return [
        Event(stream, seq, unstamp(at), actor, decode(kind, v, stored_bytes(body)))
        for seq, kind, v, at, actor, body in tx.run(TAIL, (stream, after)).fetchall()
    ]
