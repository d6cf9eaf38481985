"""Appending to a stream: facts become rows, each chained to the one before."""

from collections.abc import Sequence

from bot.incident.events import ChainLink, Event, chain, encode, unstamp
from bot.incident.fact import Fact
from bot.store.heads import Heads
from bot.store.tx import Parameters, Tx

INSERT = (
    "INSERT INTO event (stream, seq, type, v, at, actor, body, prev, hash) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def append_facts(
    tx: Tx, heads: Heads, stream: str, actor: str, facts: Sequence[Fact]
) -> tuple[Event, ...]:
    """Append `facts` at the head and return them as events."""
    bodies = [(type(fact).__name__, fact.v, encode(fact)) for fact in facts]
    stamped = heads.next_at(tx, stream)
    at = tx.now if stamped == tx.at else unstamp(stamped)
    seq = append_bodies(tx, heads, stream, actor, bodies) - len(facts)
    return tuple(
        Event(stream, seq + place, at, actor, fact) for place, fact in enumerate(facts, start=1)
    )


def append_bodies(
    tx: Tx,
    heads: Heads,
    stream: str,
    actor: str,
    bodies: Sequence[tuple[str, int, bytes]],
    *,
    wakes: bool = True,
) -> int:
    """Append (type, v, encoded body) at the head and return the new head's seq.

    Without `wakes` nobody needs to look at them now.
    """
    seq, rows = chained(tx, heads, stream, actor, bodies, wakes=wakes)
    if len(rows) == 1:
        tx.run(INSERT, rows[0])
    else:
        tx.run_many(INSERT, rows)
    return seq


def chained(
    tx: Tx,
    heads: Heads,
    stream: str,
    actor: str,
    bodies: Sequence[tuple[str, int, bytes]],
    *,
    wakes: bool = True,
) -> tuple[int, list[Parameters]]:
    """Return the new head's seq, and the rows for `INSERT`, which the caller owes the log."""
    seq, prev = heads.head(tx, stream)
    at = heads.next_at(tx, stream)
    tx.touched.add(stream)
    if wakes:
        tx.woken.add(stream)
    rows: list[Parameters] = []
    for kind, v, body in bodies:
        seq += 1
        digest = chain(prev, ChainLink(stream, seq, kind, v, at, body, actor))
        rows.append((stream, seq, kind, v, at, actor, body, prev, digest))
        prev = digest
    heads.moved(stream, seq, prev, at)
    return seq, rows
