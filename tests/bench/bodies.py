"""Alerts for the load: the same ones as Alertmanager's API takes them and as its webhook sends."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

GROUPS = 50
ZONES = 3
ANNOTATIONS: dict[str, JsonValue] = {
    "summary": "The queue of the parcel service grows faster than it is emptied",
    "description": (
        "For ten minutes more parcels were taken in than labelled. Customers see the state "
        "'waiting' and the night shift cannot load its lorries. The limit is 2,000 parcels."
    ),
    "runbook_url": "https://handbook.example.org/parcels/queue-grows",
}
Object = dict[str, JsonValue]


class Alerts:
    """An endless row of different alerts; number n is always the same one. They all warn."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        self._starts_at = (now - timedelta(minutes=3)).isoformat(timespec="milliseconds")
        self._ends_at = (now + timedelta(hours=6)).isoformat(timespec="milliseconds")

    def api(self, first: int, count: int) -> bytes:
        """Body of Alertmanager's `POST /api/v2/alerts`."""
        ends = {"endsAt": self._ends_at}
        name = group_of(first // count)
        listed = [self._alert(n, name) | ends for n in range(first, first + count)]
        return json.dumps(listed).encode()

    def webhook(self, first: int, count: int, sender: str = "a") -> bytes:
        """Body of its webhook. Another `sender` says the same in other bytes, as a pair does."""
        return self.group(group_of(first // count), first, count, sender)

    def group(self, name: str, first: int, count: int, sender: str = "a") -> bytes:
        """The webhook of one group of alerts, all of that name."""
        listed: list[JsonValue] = [
            self._alert(n, name)
            | {"status": "firing", "endsAt": "0001-01-01T00:00:00Z", "fingerprint": fingerprint(n)}
            for n in range(first, first + count)
        ]
        message: Object = {
            "version": "4",
            "groupKey": f'{{}}:{{alertname="{name}"}}',
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "triagebot",
            "groupLabels": {"alertname": name},
            "commonLabels": {"alertname": name, "service": "parcels", "severity": "warning"},
            "commonAnnotations": ANNOTATIONS,
            "externalURL": f"http://alerts-{sender}.example.org:9093",
            "alerts": listed,
        }
        return json.dumps(message).encode()

    def _alert(self, n: int, name: str) -> Object:
        return {
            "labels": {
                "alertname": name,
                "service": "parcels",
                "severity": "warning",
                "cluster": f"harbour-{n % ZONES}",
                "namespace": f"shift-{n % 20}",
                "pod": f"labeller-{n:07d}-x7k2p",
                "instance": f"10.3.{n >> 8 & 255}.{n & 255}:9102",
                "job": "parcel-exporter",
            },
            "annotations": ANNOTATIONS,
            "startsAt": self._starts_at,
            "generatorURL": f"http://metrics.example.org:9090/graph?g0.expr={name}",
        }


def group_of(number: int) -> str:
    """The alert name that all alerts of the request of this number carry."""
    return f"ParcelQueueGrows{number % GROUPS}"


def about(service: str, body: bytes) -> bytes:
    """The same webhook as one about another service."""
    return body.replace(b'"service": "parcels"', f'"service": "{service}"'.encode())


def fingerprint(n: int) -> str:
    """What Alertmanager knows alert n by: 16 hex characters without a pattern."""
    return hashlib.sha256(str(n).encode()).hexdigest()[:16]


def starts(count: int, batch: int) -> Iterator[int]:
    """The first number of each request, for `count` alerts in requests of `batch`."""
    return iter(range(0, count, batch))
