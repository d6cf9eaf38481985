"""What a checkpoint writes down: the heads of the streams that moved since the newest one.

A checkpoint holds only what moved, so ten thousand quiet incidents cost nothing; it stands on
`house`, whose own chain keeps every earlier checkpoint as it was.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, and_, func, literal_column, not_, select

from bot.incident.events import decode
from bot.incident.fact import HOUSE
from bot.incident.facts_house import ChainCheckpointed
from bot.ports import Checkpoint, Moved
from bot.store.db import Database
from bot.store.heads import stored_bytes
from bot.store.tables import EVENT

_ROW = EVENT.c
_NAME = _ROW.stream.op("||")(literal_column("''"))
"""The stream, said so that no index on it lures the database into walking the whole log."""
_OURS = and_(_ROW.stream == HOUSE, _ROW.type == ChainCheckpointed.__name__)
_ASKED = select(_ROW.seq, _ROW.hash, _ROW.type, _ROW.v, _ROW.body).where(_OURS)


RECENT = 5000
"""Events of `house` among which the newest checkpoints are looked for, when all are not needed."""


class CheckpointStore:
    """The `Checkpoints` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def moved(self) -> Moved:
        """Return what moved since the newest checkpoint; no heads when nothing did."""
        return await self._database.ask(_moved)

    async def since(self, seq: int) -> list[Checkpoint]:
        """Return the checkpoints with a higher seq on `house`, oldest first."""
        return await self._database.ask(lambda connection: checkpoints(connection, seq))

    async def newest(self) -> Checkpoint | None:
        """Return the newest checkpoint, or None before the first."""
        return await self._database.ask(_newest)

    async def events(self) -> int:
        """Return how many events the log has: what the newest checkpoint counted, and the rest."""
        return await self._database.ask(_total)

    async def hash_of(self, stream: str, seq: int) -> str:
        """Return the hex hash of an event; empty when there is none."""
        asked = select(_ROW.hash).where(_ROW.stream == stream, _ROW.seq == seq)
        found = await self._database.ask(lambda connection: connection.scalar(asked))
        return "" if found is None else bytes(found).hex()


def checkpoints(connection: Connection, after: int = 0) -> list[Checkpoint]:
    """Return every checkpoint with seq > `after`, oldest first."""
    asked = _ASKED.where(_ROW.seq > after).order_by(_ROW.seq)
    return [_checkpoint(row) for row in connection.execute(asked)]


def events_through(connection: Connection, row: int) -> int:
    """Return how many events the log has up to its event number `row`."""
    return connection.scalar(select(func.count()).where(_ROW.row <= row)) or 0


def newest_heads(
    seen: Iterable[Mapping[str, str]], below: int | None = None
) -> dict[str, tuple[int, str]]:
    """Return stream → (seq, hex hash) of the farthest head that was ever seen of each stream.

    With `below` only heads of a lower seq count. Of two different ones at one seq the first
    counts: what was seen once does not change.
    """
    found: dict[str, tuple[int, str]] = {}
    for heads in seen:
        for stream, text in heads.items():
            seq, _, digest = text.partition(":")
            if not (seq.isascii() and seq.isdecimal()) or (below is not None and int(seq) >= below):
                continue
            if int(seq) > found.get(stream, (0, ""))[0]:
                found[stream] = (int(seq), digest)
    return found


def moved_since(connection: Connection) -> tuple[list[str], dict[str, tuple[int, str]]]:
    """Return the streams that moved since the newest checkpoint, and their heads before that.

    A head that no recent checkpoint tells is left out.
    """
    moved = _moved(connection)
    if not moved.heads:
        return [], {}
    recent = checkpoints(connection, max(moved.house - RECENT, 0))
    heads = newest_heads(one.fact.heads for one in recent if one.fact is not None)
    return sorted(moved.heads), heads


def _newest(connection: Connection) -> Checkpoint | None:
    row = connection.execute(_ASKED.order_by(_ROW.seq.desc()).limit(1)).one_or_none()
    return None if row is None else _checkpoint(row)


def _checkpoint(row: Row[*tuple[Any, ...]]) -> Checkpoint:
    fact = decode(str(row.type), row.v, stored_bytes(row.body))
    readable = fact if isinstance(fact, ChainCheckpointed) else None
    return Checkpoint(row.seq, stored_bytes(row.hash).hex(), readable)


def _moved(connection: Connection) -> Moved:
    newest = _newest(connection)
    fact = newest.fact if newest is not None else None
    known = fact.through if fact is not None else 0
    of_others = select(func.max(_ROW.row)).where(not_(_OURS), _ROW.row > known)
    through = connection.scalar(of_others)
    if through is None:
        return Moved({}, known)
    seqs = select(_NAME.label("stream"), func.max(_ROW.seq).label("seq")).group_by(_NAME)
    last = seqs.where(not_(_OURS), _ROW.row > known).subquery()
    asked = select(_ROW.stream, _ROW.seq, _ROW.hash).join(
        last, and_(_ROW.stream == last.c.stream, _ROW.seq == last.c.seq)
    )
    found = connection.execute(asked)
    return Moved(
        {name: f"{seq}:{bytes(hashed).hex()}" for name, seq, hashed in found},
        through,
        _counted(connection, fact, through),
        fact.signature if fact is not None else "",
        connection.scalar(select(func.max(_ROW.seq)).where(_ROW.stream == HOUSE)) or 0,
    )


def _total(connection: Connection) -> int:
    newest = _newest(connection)
    last = connection.scalar(select(func.max(_ROW.row))) or 0
    return _counted(connection, None if newest is None else newest.fact, last)


def _counted(connection: Connection, before: ChainCheckpointed | None, through: int) -> int:
    """Return the number of events up to `through`: those since the checkpoint, and what it says."""
    if before is None or not before.events:
        return events_through(connection, through)
    since = select(func.count()).where(_ROW.row > before.through, _ROW.row <= through)
    return before.events + (connection.scalar(since) or 0)
