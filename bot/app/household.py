"""The bot's own state kept fresh: the kill switch reaches every effect as soon as it is stored."""

import logging
from collections.abc import Callable

from bot.incident.events import Event
from bot.incident.fact import HOUSE
from bot.incident.house import House, extend_house
from bot.ports import Log
from bot.telemetry import security_events

log = logging.getLogger(__name__)


def anybodys(_event: Event) -> bool:
    """Believe every fact."""
    return True


class Household:
    """The folded `house` stream; `refresh` reads only what is new.

    A fact that `is_own` does not know for this bot's counts for nothing: by it somebody who can
    write the database would come in (E-25).
    """

    def __init__(
        self, log: Log, *, read_only: bool, is_own: Callable[[Event], bool] = anybodys
    ) -> None:
        self._log = log
        self._is_own = is_own
        self._read_only = read_only
        self.house = House()

    async def refresh(self) -> House:
        """Read what was added to the stream and return the state."""
        news = await self._log.load(HOUSE, self.house.seq)
        fresh = [event for event in news if event.seq > self.house.seq]
        extend_house(self.house, [event for event in fresh if self._counts(event)])
        if fresh:
            self.house.seq = max(self.house.seq, fresh[-1].seq)
        return self.house

    def _counts(self, event: Event) -> bool:
        if self._is_own(event):
            return True
        log.error(
            "SECURITY: event %d of the stream house (%s) bears no seal of this bot's key, so it "
            "lets nobody in: it was made with another key, or by other hands",
            event.seq,
            event.type,
        )
        security_events.labels("access_forged").inc()
        return False

    @property
    def paused(self) -> bool:
        """True while the kill switch is on."""
        return bool(self.house.paused_by)

    def closed(self) -> str:
        """Return why no action may start now; empty when it may."""
        if self._read_only:
            return "READ-ONLY: TRIAGE_READ_ONLY is set"
        if self.paused:
            return f"the bot is paused by {self.house.paused_by}"
        return ""
