"""Remembers that a door was heard, in as few writes as telling its silence takes."""

from datetime import datetime, timedelta

from bot.intake.hooks import OpenRoute
from bot.ports import Hearings

NOTED_EVERY_S = 30.0
"""A door that speaks all the time is noted this often, or four times in its own period."""


class Hearing:
    """One row a door, and at most one write in a quarter of the time after which it is silent."""

    def __init__(self, hearings: Hearings) -> None:
        self._hearings = hearings
        self._noted: dict[str, datetime] = {}

    async def heard(self, door: OpenRoute, at: datetime) -> None:
        """Note it, unless nobody expects to hear of this door, or it was noted a moment ago.

        Raises:
            BusyError: The queue is full or the database is away.
        """
        if not door.silent_after_s:
            return
        noted = self._noted.get(door.name)
        pause = timedelta(seconds=min(NOTED_EVERY_S, door.silent_after_s / 4))
        if noted is not None and noted <= at < noted + pause:
            return
        await self._hearings.note(door.source, door.route, at)
        self._noted[door.name] = at
