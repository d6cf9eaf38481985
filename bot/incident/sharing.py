"""Facts as they are held in memory: what the alerts of a delivery have in common is held once."""

from collections.abc import Hashable
from typing import Any

from bot.incident.events import Unknown, decode
from bot.incident.fact import Fact
from bot.incident.facts_alerts import AlertsReceived
from bot.incident.model import Alert

FIELDS = set(Alert.model_fields)
"""The fields an alert has; each one says so by a set of its own, unless it is given this one."""


def read_fact(kind: str, v: int, body: bytes) -> Fact | Unknown:
    """Return what `bot.incident.events.decode` does, in a third of the room."""
    fact = decode(kind, v, body)
    return share_equal(fact) if isinstance(fact, AlertsReceived) else fact


def share_equal(fact: AlertsReceived) -> AlertsReceived:
    """Return an equal fact, whose alerts hold their equal annotations, links and times once.

    A storm of thousands says the same of each: its labels differ, little else does.
    """
    known: dict[Hashable, Any] = {}
    alerts = tuple(_shared(alert, known) for alert in fact.alerts)
    return AlertsReceived.model_construct(
        delivery=fact.delivery,
        source=fact.source,
        group_key=fact.group_key,
        alerts=alerts,
        truncated=fact.truncated,
    )


def _shared(alert: Alert, known: dict[Hashable, Any]) -> Alert:
    notes, links = tuple(alert.annotations.items()), alert.links
    return Alert.model_construct(
        FIELDS,
        **alert.__dict__
        | {
            "annotations": known.setdefault(("annotations", notes), alert.annotations),
            "links": known.setdefault(("links", links), links),
            "starts_at": known.setdefault(alert.starts_at, alert.starts_at),
            "ends_at": known.setdefault(alert.ends_at, alert.ends_at),
        },
    )
