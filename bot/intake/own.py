"""The way in of what the bot says about itself: as any delivery, but without a door."""

from collections.abc import Callable

from bot.incident.alarms import SELF
from bot.incident.grouping import Group
from bot.incident.model import Alert
from bot.intake.redaction import Mask
from bot.knowledge.redact import Redactor
from bot.ports import Accepted, Clock, Deliveries, Delivery
from bot.telemetry import alerts_received, redactions

ROUTE = "self"


class OwnAlerts:
    """Tells the intake about the bot. No door leads here, and no door is named `triagebot`."""

    def __init__(
        self, deliveries: Deliveries, clock: Clock, redactor: Callable[[], Redactor] = Redactor
    ) -> None:
        self._deliveries = deliveries
        self._clock = clock
        self._redactor = redactor

    async def tell(self, alert: Alert) -> Accepted:
        """Deliver one alert about the bot; its fingerprint is its group. Return after the commit.

        Raises:
            BusyError: No room or no database; nothing was stored.
        """
        now, identifier = self._clock.now(), self._clock.token()
        mask = Mask(self._redactor)
        key = alert.fingerprint
        group = mask.group(Group(key, alert.title, SELF, alert.severity, (alert,)))
        mask.count(redactions)
        raw = group.alerts[0].model_dump_json().encode()
        delivery = Delivery(identifier, SELF, ROUTE, f"each:{identifier}", now, {}, raw)
        accepted = await self._deliveries.accept(delivery, [group])
        alerts_received.labels(SELF, "repeated" if accepted.repeated else "accepted").inc()
        return accepted
