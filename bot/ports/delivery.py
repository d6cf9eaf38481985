"""The way in for alerts and changes: raw deliveries and what they cause, in one commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.incident.model import Change


@dataclass(frozen=True, slots=True)
class Delivery:
    """One authentic request as it came. `dedupe` is unique per sender's message."""

    id: str
    source: str
    route: str
    dedupe: str
    received_at: datetime
    headers: Mapping[str, str]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts of one delivery that belong to one incident, ready to be written.

    `keys` are dedupe keys, one an alert (`fingerprint`, `starts_at`, status): an alert whose key
    was seen is left out. `event` holds the rest. Made outside the transaction (parse, redact).
    """

    group_key: str
    title: str
    service: str
    severity: str
    alerts: tuple[tuple[str, Any], ...]
    truncated: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a delivery. `duplicate` when its dedupe key was known."""

    incidents: tuple[str, ...]
    duplicate: bool = False
    opened: tuple[str, ...] = ()


class Deliveries(Protocol):
    """Raw deliveries and what they cause, in one transaction (D-03)."""

    async def accept(self, delivery: Delivery, groups: Sequence[Group]) -> Accepted:
        """Store the delivery and its AlertsReceived events; return after the commit.

        For each group: the open incident of `(source, route, group_key)` or, for firing alerts
        only, a new one (`IncidentOpened`); resolves or reopens it as the alerts say.

        Raises:
            BusyError: The queue is full or the database is away; nothing was stored.
        """
        ...

    async def accept_change(self, delivery: Delivery, changes: Sequence[Change]) -> Accepted:
        """Store the delivery, `ChangeRecorded` on `house`, and the change rows."""
        ...

    async def raw(self, delivery: str) -> Delivery | None:
        """Return a stored delivery by id, or None."""
        ...


class Changes(Protocol):
    """Changes by service and time."""

    async def recent(self, service: str, since: datetime, limit: int = 20) -> list[Change]:
        """Return changes of `service` (all services when empty), newest first."""
        ...
