"""Reading a stream of the log from some event on: the one place where stored rows become events."""

from sqlalchemy import Connection, bindparam, select

from bot.incident.events import Event, decode, unstamp
from bot.store.heads import stored_bytes
from bot.store.recent import Recent
from bot.store.tables import EVENT

_ROW = EVENT.c
_ASKED = select(_ROW.seq, _ROW.type, _ROW.v, _ROW.at, _ROW.actor, _ROW.body)
_OF = (_ROW.stream == bindparam("of"), _ROW.seq > bindparam("after"))
TAIL = _ASKED.where(*_OF).order_by(_ROW.seq)
PART = TAIL.limit(bindparam("most"))


def read_stream(
    connection: Connection,
    stream: str,
    after: int = 0,
    limit: int | None = None,
    recent: Recent | None = None,
) -> list[Event]:
    """Return the stream's events with seq > `after`, oldest first; `recent` saves decoding."""
    read = decode if recent is None else recent.decode
    asked = {"of": stream, "after": after}
    rows = connection.execute(TAIL if limit is None else PART, asked | {"most": limit})
    return [
        Event(stream, seq, unstamp(at), actor, read(kind, v, stored_bytes(body)))
        for seq, kind, v, at, actor, body in rows
    ]
