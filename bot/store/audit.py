"""Is the log what was written? Every chain is computed again and compared with what saw it."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.incident.events import GENESIS, ChainLink, chain, decode
from bot.incident.fact import HOUSE
from bot.incident.facts_house import ChainCheckpointed
from bot.store.heads import stored_bytes
from bot.store.tables import EVENT, INCIDENT

EventRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Break:
    """The first event of a stream that is not what was written, and how that shows."""

    stream: str
    seq: int
    why: str


def verify_chains(connection: Connection) -> list[Break]:
    """Return the first break of each stream that has one, by name; empty when all is well.

    An event that was changed, removed, added or moved breaks the chain of hashes at its seq. A
    tail that was cut off, or a stream that is gone, shows against the newest checkpoint on
    `house` and the incidents' own rows.
    """
    seen = _checkpoint(connection)
    known = {name: seq for name, (seq, _) in seen.items()}
    for name, seq in connection.execute(select(INCIDENT.c.id, INCIDENT.c.seq)):
        known[name] = max(seq, known.get(name, 0))
    breaks: list[Break] = []
    rows = connection.execute(
        select(EVENT).order_by(EVENT.c.stream, EVENT.c.seq).execution_options(yield_per=500)
    )
    for stream, events in groupby(rows, key=lambda row: str(row.stream)):
        found = _walk(stream, events, known.pop(stream, 0), seen.get(stream, (0, "")))
        if found is not None:
            breaks.append(found)
    gone = (Break(name, 1, f"all its {seq} events are gone") for name, seq in known.items())
    return sorted([*breaks, *gone], key=lambda found: found.stream)


def _walk(
    stream: str, events: Iterable[EventRow], known: int, seen: tuple[int, str]
) -> Break | None:
    seq, digest = 0, GENESIS
    for row in events:
        seq += 1
        if row.seq != seq:
            return Break(stream, seq, f"it is missing; the next one is {row.seq}")
        if row.prev != digest:
            return Break(stream, seq, "it does not follow the event before it")
        digest = chain(digest, _link(row))
        if row.hash != digest:
            return Break(stream, seq, "it is not what was written")
        if (seq, digest.hex()) != seen and seq == seen[0]:
            return Break(stream, seq, "the newest checkpoint saw another event here")
    if seq < known:
        return Break(stream, seq + 1, f"it is missing; the stream went on to {known}")
    return None


def _link(row: EventRow) -> ChainLink:
    """Return what was hashed; every column may hold anything, for somebody may have put it in."""
    kind, at, actor = str(row.type), str(row.at), str(row.actor)
    return ChainLink(str(row.stream), row.seq, kind, row.v, at, stored_bytes(row.body), actor)


def _checkpoint(connection: Connection) -> dict[str, tuple[int, str]]:
    """Return stream → (seq, hex hash) as the newest checkpoint saw them."""
    row = EVENT.c
    asked = select(row.type, row.v, row.body)
    asked = asked.where(row.stream == HOUSE, row.type == ChainCheckpointed.__name__)
    found = connection.execute(asked.order_by(row.seq.desc()).limit(1)).one_or_none()
    body = None if found is None else decode(found.type, found.v, stored_bytes(found.body))
    if not isinstance(body, ChainCheckpointed):
        return {}
    heads = {stream: text.partition(":") for stream, text in body.heads.items()}
    return {
        stream: (int(seq), digest)
        for stream, (seq, _, digest) in heads.items()
        if seq.isascii() and seq.isdecimal()
    }
