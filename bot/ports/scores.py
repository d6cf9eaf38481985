"""How approvals go, as the log tells; read-only."""

from datetime import datetime
from typing import Protocol

from bot.incident.trust import Scoreboard


class Scores(Protocol):
    """What the log says about approvals and conclusions."""

    async def of_weeks(self, weeks: int, now: datetime) -> Scoreboard:
        """Return the scoreboard of the last `weeks` ISO weeks (≥ 1), that of `now` among them.

        Raises:
            BusyError: The database is away.
        """
        ...
