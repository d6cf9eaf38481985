"""The outbox's memory: conversations, how far they were told, and our messages in them."""

from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, or_, select

from bot.incident.events import stamp, unstamp
from bot.ports import ConversationRow, Post
from bot.store.db import Database
from bot.store.kept import POST
from bot.store.tables import CONVERSATION, INCIDENT
from bot.store.tx import Tx, put_row
from bot.store.writer import Writer

HEAD = "SELECT seq FROM incident WHERE id = ?"
TOLD = select(CONVERSATION).where(
    CONVERSATION.c.incident == bindparam("incident"), CONVERSATION.c.channel == bindparam("channel")
)
POSTED = select(POST.c.key, POST.c.message_id, POST.c.version).where(
    POST.c.incident == bindparam("incident"), POST.c.channel == bindparam("channel")
)


class PostStore:
    """The `Posts` port."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def behind(self, channel: str, now: datetime, limit: int = 200) -> list[str]:
        """Return incidents with events that `channel` was not told and whose retry time came.

        An incident without a conversation counts while it lives. Oldest first.
        """
        row, told = INCIDENT.c, CONVERSATION.c
        late = (
            select(row.id, row.number)
            .join(CONVERSATION, told.incident == row.id)
            .where(told.channel == channel, told.behind == 1, row.seq > told.cursor)
            .where(or_(told.wake_at.is_(None), told.wake_at <= stamp(now)))
        )
        here = and_(told.incident == row.id, told.channel == channel)
        new = (
            select(row.id, row.number)
            .where(row.status.in_(("open", "resolved")))
            .where(~select(told.incident).where(here).exists())
        )

        def question(connection: Connection) -> list[str]:
            found = {number: name for name, number in connection.execute(late)}
            found |= {number: name for name, number in connection.execute(new)}
            return [found[number] for number in sorted(found)][:limit]

        return await self._database.ask(question)

    async def conversation(self, incident: str, channel: str) -> ConversationRow | None:
        """Return the conversation, or None when none was opened yet."""
        where = {"incident": incident, "channel": channel}
        row = await self._database.ask(
            lambda connection: connection.execute(TOLD, where).one_or_none()
        )
        if row is None:
            return None
        return ConversationRow(
            incident=row.incident,
            channel=row.channel,
            address=row.address,
            cursor=row.cursor,
            wake_at=None if row.wake_at is None else unstamp(row.wake_at),
            failures=row.failures,
        )

    async def save(self, row: ConversationRow) -> None:
        """Insert or replace a conversation's row.

        Raises:
            BusyError: The queue is full or the database is away.
        """

        def work(tx: Tx) -> None:
            head = tx.run(HEAD, (row.incident,)).fetchone()
            values = {
                "address": row.address,
                "cursor": row.cursor,
                "wake_at": None if row.wake_at is None else stamp(row.wake_at),
                "failures": row.failures,
                "behind": int(head is not None and head[0] > row.cursor),
            }
            key = {"incident": row.incident, "channel": row.channel}
            put_row(tx.connection, CONVERSATION, key, values)

        await self._writer.submit(work)

    async def posts(self, incident: str, channel: str) -> dict[str, Post]:
        """Return the posts of a conversation by key."""
        where = {"incident": incident, "channel": channel}
        return await self._database.ask(
            lambda connection: {
                key: Post(key, message_id, version)
                for key, message_id, version in connection.execute(POSTED, where)
            }
        )

    async def save_post(self, incident: str, channel: str, post: Post) -> None:
        """Insert or replace one post.

        Raises:
            BusyError: The queue is full or the database is away.
        """
        key = {"incident": incident, "channel": channel, "key": post.key}
        values = {"message_id": post.message_id, "version": post.version}
        await self._writer.submit(lambda tx: put_row(tx.connection, POST, key, values))
