"""A stand-in for the port the scoreboard is read by: it tallies a fake log whole."""

from datetime import datetime

from bot.incident.tally import tally, weeks_begin
from bot.incident.trust import Scoreboard
from tests.bot.web.fakes import FakeLog


class FakeScores:
    """The `Scores` port over the same lists."""

    def __init__(self, log: FakeLog) -> None:
        self._log = log

    async def of_weeks(self, weeks: int, now: datetime) -> Scoreboard:
        events = (event for known in self._log.streams.values() for event in known)
        return tally(events, weeks_begin(now, weeks), now)
