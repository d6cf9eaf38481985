"""The bot's own state kept fresh: the kill switch reaches every effect as soon as it is stored."""

from bot.incident.fact import HOUSE
from bot.incident.house import House, extend_house
from bot.ports import Log


class Household:
    """The folded `house` stream; `refresh` reads only what is new."""

    def __init__(self, log: Log, *, read_only: bool) -> None:
        self._log = log
        self._read_only = read_only
        self.house = House()

    async def refresh(self) -> House:
        """Read what was added to the stream and return the state."""
        news = await self._log.load(HOUSE, self.house.seq)
        extend_house(self.house, [event for event in news if event.seq > self.house.seq])
        return self.house

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
