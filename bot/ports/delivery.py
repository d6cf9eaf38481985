"""The way in for alerts and changes: raw deliveries and what they cause, in one commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.incident.grouping import Group
from bot.incident.model import Change


@dataclass(frozen=True, slots=True)
class Delivery:
    """One authentic request as it came. `dedupe` is unique per sender's message.

    `digest` is the hex SHA-256 of `raw`; empty: whoever stores it works it out.
    `deleted_at` marks a stub kept after retention.
    """

    id: str
    source: str
    route: str
    dedupe: str
    received_at: datetime
    headers: Mapping[str, str]
    raw: bytes
    digest: str = ""
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a delivery.

    `incidents` are those it reached, `opened` those of them it opened. `duplicate` when its dedupe
    key was known, and nothing was written. `repeated` counts its alerts that said nothing new.
    """

    incidents: tuple[str, ...]
    duplicate: bool = False
    opened: tuple[str, ...] = ()
    repeated: int = 0


class Deliveries(Protocol):
    """Raw deliveries and what they cause, in one transaction (D-03)."""

    async def accept(self, delivery: Delivery, groups: Sequence[Group]) -> Accepted:
        """Store the delivery and its AlertsReceived events; return after the commit.

        For each (redacted) group: the living incident of `(source, route, group_key)`, or, when an
        alert in it fires that did not before, a new one (`IncidentOpened`). Alerts that say nothing
        new make no event. Resolving and reopening follow when the incident is driven.

        Raises:
            BusyError: The queue is full or the database is away; nothing was stored.
        """
        ...

    async def accept_change(self, delivery: Delivery, changes: Sequence[Change]) -> Accepted:
        """Store the delivery, `ChangeRecorded` on `house`, and the change rows.

        A change that is known in every word makes no event.

        Raises:
            BusyError: As `accept`.
        """
        ...

    async def raw(self, delivery: str) -> Delivery | None:
        """Return a stored delivery by id, or None."""
        ...


class Changes(Protocol):
    """Changes by service and time."""

    async def recent(self, service: str, since: datetime, limit: int = 20) -> list[Change]:
        """Return changes of `service` (all services when empty) since then, newest first."""
        ...
