"""Web sessions and single-use tokens; what is stored is digests, never the tokens."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update

from bot.incident.events import stamp, unstamp
from bot.ports import SessionRow
from bot.store.db import Database
from bot.store.kept import SESSION
from bot.store.writer import Writer

SPEND = "INSERT INTO token_spent (digest, at) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING"


class SessionStore:
    """The `Sessions` port; every write may raise `BusyError`."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def open(self, row: SessionRow) -> None:
        """Store a new session."""
        added = insert(SESSION).values(
            id=row.id,
            person=row.person,
            csrf=row.csrf,
            created_at=stamp(row.created_at),
            seen_at=stamp(row.seen_at),
        )
        await self._writer.submit(lambda tx: tx.connection.execute(added).rowcount)

    async def get(self, identifier: str) -> SessionRow | None:
        """Return the session, or None."""
        asked = select(SESSION).where(SESSION.c.id == identifier)
        row = await self._database.ask(lambda connection: connection.execute(asked).one_or_none())
        if row is None:
            return None
        return SessionRow(
            id=row.id,
            person=row.person,
            csrf=row.csrf,
            created_at=unstamp(row.created_at),
            seen_at=unstamp(row.seen_at),
        )

    async def touch(self, identifier: str, seen_at: datetime) -> None:
        """Note that the session was used."""
        seen = update(SESSION).where(SESSION.c.id == identifier).values(seen_at=stamp(seen_at))
        await self._writer.submit(lambda tx: tx.connection.execute(seen).rowcount)

    async def close(self, identifier: str) -> None:
        """Delete the session; nothing happens when it is gone."""
        gone = delete(SESSION).where(SESSION.c.id == identifier)
        await self._writer.submit(lambda tx: tx.connection.execute(gone).rowcount)

    async def close_all(self, person: str) -> int:
        """Delete every session of a person; return how many there were."""
        gone = delete(SESSION).where(SESSION.c.person == person)
        return await self._writer.submit(lambda tx: tx.connection.execute(gone).rowcount)

    async def spend(self, token_digest: str, at: datetime) -> bool:
        """Mark a single-use token as used; False when it was used before."""
        return await self._writer.submit(
            lambda tx: tx.run(SPEND, (token_digest, stamp(at))).rowcount == 1
        )
