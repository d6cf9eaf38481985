"""What the writer remembers of streams between commits: their heads and their folded states."""

from collections import OrderedDict
from collections.abc import Iterable

from bot.incident.events import GENESIS, Event, unstamp
from bot.incident.fact import HOUSE
from bot.incident.reducer import State, extend
from bot.store.recent import Recent
from bot.store.tx import Tx

STATES = 512
STATES_ALERTS = 1000
"""Alerts in the states that are remembered, at most, unless one state alone has more."""
HASHES = 8192

HEAD = "SELECT seq, hash, at FROM event WHERE stream = ? ORDER BY seq DESC LIMIT 1"
TAIL = "SELECT seq, type, v, at, actor, body FROM event WHERE stream = ? AND seq > ? ORDER BY seq"


class Heads:
    """Two bounded memories, newest use last. Only the writer's thread may call them.

    A state may lag behind the head (an alert is appended without a fold) and catches up when it
    is asked for. What a failed write touched must be forgotten.
    """

    def __init__(self, recent: Recent) -> None:
        self._recent = recent
        self._heads: OrderedDict[str, tuple[int, bytes, str]] = OrderedDict()
        self._states: OrderedDict[str, State] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._weight = 0

    def forget(self, streams: Iterable[str]) -> None:
        """Drop what is known of these streams."""
        for stream in streams:
            self._heads.pop(stream, None)
            self._drop(stream)

    def head(self, tx: Tx, stream: str) -> tuple[int, bytes]:
        """Return (seq, hash) of the newest event; (0, GENESIS) of an empty stream."""
        return self._head(tx, stream)[:2]

    def next_at(self, tx: Tx, stream: str) -> str:
        """Return the time of the stream's next event: now, or its newest event's if that is later.

        So a clock that was set back never turns the order of a thread around.
        """
        return max(tx.at, self._head(tx, stream)[2])

    def _head(self, tx: Tx, stream: str) -> tuple[int, bytes, str]:
        known = self._heads.get(stream)
        if known is None:
            row = tx.run(HEAD, (stream,)).fetchone()
            known = (0, GENESIS, "") if row is None else (int(row[0]), bytes(row[1]), str(row[2]))
            self.moved(stream, *known)
        else:
            self._heads.move_to_end(stream)
        return known

    def moved(self, stream: str, seq: int, digest: bytes, at: str) -> None:
        """Remember a new head."""
        self._heads[stream] = (seq, digest, at)
        self._heads.move_to_end(stream)
        if len(self._heads) > HASHES:
            self._heads.popitem(last=False)

    def state(self, tx: Tx, stream: str) -> State:
        """Return the state at the head; the caller may extend it, nobody else."""
        seq, _ = self.head(tx, stream)
        if stream == HOUSE:  # folded by bot.incident.house; its facts are no incident's
            return State(stream=HOUSE, seq=seq)
        state = self._states.get(stream) or State()
        self._drop(stream)
        if state.seq != seq:
            extend(state, read_tail(tx, stream, state.seq, self._recent))
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


def read_tail(tx: Tx, stream: str, after: int, recent: Recent) -> list[Event]:
    """Return the events of `stream` with seq > `after`, oldest first."""
    return [
        Event(stream, seq, unstamp(at), actor, recent.decode(kind, v, stored_bytes(body)))
        for seq, kind, v, at, actor, body in tx.run(TAIL, (stream, after)).fetchall()
    ]
