"""One look at the derived tables that tells how the bot does; every question is an index search."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from bot.incident.events import stamp, unstamp
from bot.ports import Pulse, Waiting
from bot.store.db import Database
from bot.store.queries import OPEN_STATUSES
from bot.store.tables import CONVERSATION, INCIDENT, PROPOSAL


class PulseReader:
    """The `Pulses` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def feel(self, channels: tuple[str, ...], now: datetime) -> Pulse:
        """Return how it does now; only `channels` are looked at for failures.

        Raises:
            BusyError: The database is away.
        """
        alarm = INCIDENT.c.wake_at
        due = select(func.min(alarm)).where(alarm <= stamp(now))
        made = PROPOSAL.c
        count, oldest = func.count(), func.min(made.created_at)
        open_ones = select(made.status, count, oldest).where(made.status.in_(OPEN_STATUSES))
        told = CONVERSATION.c
        failing = select(told.channel, func.count()).where(
            told.channel.in_(channels), told.behind == 1, told.failures > 0
        )

        def question(connection: Connection) -> Pulse:
            late = connection.scalar(due)
            found = {
                status: Waiting(number, unstamp(at))
                for status, number, at in connection.execute(open_ones.group_by(made.status))
            }
            hurt = connection.execute(failing.group_by(told.channel))
            return Pulse(
                due_since=unstamp(late) if late else None,
                proposals={status: found.get(status, Waiting()) for status in OPEN_STATUSES},
                failing={str(channel): int(number) for channel, number in hurt},
            )

        return await self._database.ask(question)
