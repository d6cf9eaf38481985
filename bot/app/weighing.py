"""The duty of weighing approvals: shows on the meter how far humans and the bot agree (E-44)."""

import asyncio
import logging
from contextlib import suppress

from bot import telemetry
from bot.errors import BotError
from bot.incident.trust import Scoreboard
from bot.ports import Clock, Scores

log = logging.getLogger(__name__)
WEEKS = 4
EVERY_S = 900.0
"""Agreement moves by the week; reading weeks of the log more often would tell nothing new."""


class Weighing:
    """Weighs once at the start, then every quarter of an hour."""

    def __init__(self, scores: Scores, clock: Clock, every_s: float = EVERY_S) -> None:
        self._scores = scores
        self._clock = clock
        self._every_s = every_s

    async def run(self, stopping: asyncio.Event) -> None:
        """Weigh until stopping; what cannot be read now is read the next time."""
        try:
            while not stopping.is_set():
                try:
                    meter(await self._scores.of_weeks(WEEKS, self._clock.now()))
                except BotError as error:
                    log.warning("approvals were not weighed: %s", error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), self._every_s)
        finally:
            telemetry.agreement.clear()
            telemetry.second_looks.set(0)


def meter(board: Scoreboard) -> None:
    """Set the gauges; an action that nobody decided on shows nothing, and no person is named."""
    telemetry.agreement.clear()
    for name, score in board.actions.items():
        if score.agreement is not None:
            telemetry.agreement.labels(name).set(score.agreement)
    telemetry.second_looks.set(len(board.stamps))
