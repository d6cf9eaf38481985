"""When each door was last heard: one row a door, kept across restarts and processes."""

from datetime import datetime

from sqlalchemy import select

from bot.incident.events import stamp, unstamp
from bot.store.db import Database
from bot.store.kept import HEARD
from bot.store.writer import Writer

NOTE = (
    "INSERT INTO heard (source, route, at) VALUES (?, ?, ?) "
    "ON CONFLICT (source, route) DO UPDATE SET at = excluded.at WHERE heard.at < excluded.at"
)


class HearingStore:
    """The `Hearings` port."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def note(self, source: str, route: str, at: datetime) -> None:
        """Remember that a door was heard; an older time changes nothing.

        Raises:
            BusyError: The queue is full or the database is away.
        """
        row = (source, route, stamp(at))
        await self._writer.submit(lambda tx: tx.run(NOTE, row).rowcount)

    async def last(self) -> dict[tuple[str, str], datetime]:
        """Return (source, route) → when it was last heard."""
        asked = select(HEARD.c.source, HEARD.c.route, HEARD.c.at)
        return await self._database.ask(
            lambda connection: {
                (source, route): unstamp(at) for source, route, at in connection.execute(asked)
            }
        )
