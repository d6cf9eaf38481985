"""Reads the facts that the scoreboard of approvals is made of: only theirs, only lately."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.incident.events import Event, decode, stamp, unstamp
from bot.incident.tally import WEIGHED, tally, weeks_begin
from bot.incident.trust import Scoreboard
from bot.store.db import Database
from bot.store.heads import stored_bytes
from bot.store.tables import EVENT

_ROW = EVENT.c
TYPES = tuple(fact.__name__ for fact in WEIGHED)


class ScoreReader:
    """The `Scores` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_weeks(self, weeks: int, now: datetime) -> Scoreboard:
        """Return the scoreboard of the last `weeks` ISO weeks, that of `now` among them.

        Raises:
            BusyError: The database is away.
        """
        since = weeks_begin(now, weeks)
        return await self._database.ask(
            lambda connection: tally(_weighed(connection, since), since, now)
        )


def _weighed(connection: Connection, since: datetime) -> Iterator[Event]:
    """Yield the facts that count, in the log's order; what is older is not looked at."""
    first = first_row(connection, stamp(since))
    asked = select(_ROW.stream, _ROW.seq, _ROW.type, _ROW.v, _ROW.at, _ROW.actor, _ROW.body)
    asked = asked.where(_ROW.row >= first, _ROW.type.in_(TYPES)).order_by(_ROW.row)
    for stream, seq, kind, v, at, actor, body in connection.execute(asked):
        fact = decode(kind, v, stored_bytes(body))
        yield Event(stream, seq, unstamp(at), actor, fact)


def first_row(connection: Connection, since: str) -> int:
    """Return a row before which everything is older than `since`, by halving the log.

    No index knows the times, but rows come in their order. A clock that was put back makes it
    look at more rows, or miss those it misdated.
    """
    low, high = 0, int(connection.scalar(select(func.max(_ROW.row))) or 0) + 1
    while low < high:
        middle = (low + high) // 2
        asked = select(_ROW.row, _ROW.at).where(_ROW.row >= middle).order_by(_ROW.row).limit(1)
        found = connection.execute(asked).one_or_none()
        if found is None or found.at >= since:
            high = middle
        else:
            low = found.row + 1
    return low
