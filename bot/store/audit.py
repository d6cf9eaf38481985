"""Is the log what was written? Every chain is computed again and compared with what saw it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, CursorResult, Row, select

from bot.incident.events import GENESIS, ChainLink, chain
from bot.store.checkpoints import checkpoints, moved_since, newest_heads
from bot.store.heads import stored_bytes
from bot.store.tables import EVENT, INCIDENT

EventRow = Row[*tuple[Any, ...]]
Head = tuple[int, str]
Seen = Mapping[str, Head]
"""Stream → (seq, hex hash) of a head that was seen once."""
START: Head = (0, GENESIS.hex())


@dataclass(frozen=True, slots=True)
class Break:
    """The first event of a stream that is not what was written, and how that shows."""

    stream: str
    seq: int
    why: str


@dataclass(frozen=True, slots=True)
class Part:
    """What of the log is looked at: one stream ("" for every), and from which seq on.

    It begins after the newest head below `seq` that a checkpoint saw, so at 1 without one.
    """

    stream: str = ""
    seq: int = 1


WHOLE = Part()


def verify_chains(
    connection: Connection, outside: Sequence[Mapping[str, str]] = (), part: Part = WHOLE
) -> list[Break]:
    """Return the first break of each stream that has one, by name; empty when all is well.

    An event that was changed, removed, added or moved breaks the chain of hashes at its seq. A
    tail that was cut off, or a stream that is gone, shows against the checkpoints on `house`, the
    incidents' own rows, and what was seen `outside` (bot.store.witness).
    """
    inside = [one.fact.heads for one in checkpoints(connection) if one.fact is not None]
    witnesses = (newest_heads(inside), newest_heads(outside))
    known: dict[str, int] = {}
    for name, (seq, _) in (head for seen in witnesses for head in seen.items()):
        known[name] = max(seq, known.get(name, 0))
    for name, seq in connection.execute(select(INCIDENT.c.id, INCIDENT.c.seq)):
        known[name] = max(seq, known.get(name, 0))
    begins = newest_heads([*inside, *outside], part.seq)
    breaks: list[Break] = []
    for stream, events in _threads(connection, part, begins):
        heads = [seen[stream] for seen in witnesses if stream in seen]
        walk = Walk(stream, begins.get(stream, START), heads)
        found = walk.over(events, known.pop(stream, 0))
        if found is not None:
            breaks.append(found)
    gone = (
        Break(name, 1, f"all its {seq} events are gone")
        for name, seq in known.items()
        if part.stream in {"", name}
    )
    return sorted([*breaks, *gone], key=lambda found: found.stream)


def verify_newest(connection: Connection, most: int) -> tuple[int, list[Break]]:
    """Walk what came since the newest checkpoint, `most` events in all.

    Return how many events were looked at, and the first break of each stream.
    """
    streams, begins = moved_since(connection)
    seen, breaks = 0, list[Break]()
    for stream in streams:
        if seen >= most:
            break
        begin = begins.get(stream, START)
        walk = Walk(stream, begin, [begin])
        with _thread(connection, stream, begin, most - seen) as rows:
            found = walk.over(rows, begin[0])
        seen += walk.seen
        if found is not None:
            breaks.append(found)
    return seen, breaks


class Walk:
    """One stream walked from a head that is believed; `seen` counts the events after it."""

    def __init__(self, stream: str, begin: Head, heads: Sequence[Head]) -> None:
        self._stream = stream
        self._begin = begin
        self._heads = heads
        self.seen = 0

    def over(self, rows: Iterable[EventRow], known: int) -> Break | None:
        """Return the first break; `known` is a seq that the stream once had.

        `rows` begin with the head itself, unless that is the start.
        """
        seq, hashed = self._begin
        place, digest, rest = 0, _digest(hashed), iter(rows)
        if seq:
            first = next(rest, None)
            if why := _unlike(first, seq, digest):
                return Break(self._stream, seq, why)
            place = 0 if first is None else first.row
        for row in rest:
            seq += 1
            self.seen += 1
            if row.seq != seq:
                return Break(self._stream, seq, f"it is missing; the next one is {row.seq}")
            if row.prev != digest:
                return Break(self._stream, seq, "it does not follow the event before it")
            digest = chain(digest, _link(row))
            if why := _wrong(row, digest, place, self._heads):
                return Break(self._stream, seq, why)
            place = row.row
        if seq < known:
            return Break(self._stream, seq + 1, f"it is missing; the stream went on to {known}")
        return None


def _threads(
    connection: Connection, part: Part, begins: Seen
) -> Iterator[tuple[str, Iterable[EventRow]]]:
    """Yield every stream of the part, by name, with its rows."""
    if part.stream:
        with _thread(connection, part.stream, begins.get(part.stream, START)) as rows:
            yield part.stream, rows
    elif begins:
        for name in map(str, connection.scalars(select(EVENT.c.stream).distinct()).all()):
            with _thread(connection, name, begins.get(name, START)) as rows:
                yield name, rows
    else:
        asked = select(EVENT).order_by(EVENT.c.stream, EVENT.c.seq)
        rows = connection.execute(asked.execution_options(yield_per=500))
        yield from groupby(rows, key=lambda row: str(row.stream))


def _thread(
    connection: Connection, stream: str, begin: Head, most: int | None = None
) -> CursorResult[*tuple[Any, ...]]:
    """Return the rows of one stream from a head on, that one too, and `most` after it.

    Whoever asks closes it, for a walk may end before they do.
    """
    asked = select(EVENT).where(EVENT.c.stream == stream, EVENT.c.seq >= begin[0])
    limited = asked if most is None else asked.limit(most + (begin[0] > 0))
    return connection.execute(limited.order_by(EVENT.c.seq).execution_options(yield_per=500))


def _unlike(first: EventRow | None, seq: int, digest: bytes) -> str:
    """Return why an event is not the head that was believed; "" when it is."""
    if first is None or first.seq != seq:
        return "it is missing"
    return "" if first.hash == digest else "a checkpoint saw another event here"


def _digest(hashed: str) -> bytes:
    """Return the bytes of a hex hash; none of what is no hash, which no event has."""
    try:
        return bytes.fromhex(hashed)
    except ValueError:
        return b""


def _wrong(row: EventRow, digest: bytes, place: int, heads: Sequence[Head]) -> str:
    if row.hash != digest:
        return "it is not what was written"
    if any(row.seq == seq and digest.hex() != hashed for seq, hashed in heads):
        return "a checkpoint saw another event here"
    return "it was moved before the one it follows" if row.row <= place else ""


def _link(row: EventRow) -> ChainLink:
    """Return what was hashed; every column may hold anything, for somebody may have put it in."""
    kind, at, actor = str(row.type), str(row.at), str(row.actor)
    return ChainLink(str(row.stream), row.seq, kind, row.v, at, stored_bytes(row.body), actor)
