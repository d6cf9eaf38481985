"""The shop's one alert rule and its Alertmanager webhook; it sends nothing itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from pydantic import JsonValue

from bot.demo.shop_metrics import SERVICE, Sample

LABELS: Mapping[str, str] = {
    "alertname": "CheckoutErrorRateHigh",
    "env": "demo",
    "service": SERVICE,
    "severity": "critical",
}
GROUP_BY = ("alertname", "service")
NEVER = "0001-01-01T00:00:00Z"
"""How Alertmanager writes the end of an alert that still fires."""


@dataclass(frozen=True)
class Alarm:
    """One time the rule fired: since when, at which error ratio, and until when (None: still)."""

    starts_at: float
    ratio: float
    ends_at: float | None = None


class Rule:
    """Fires above one ratio for a while, and resolves under a lower one, so it does not flap."""

    def __init__(self, *, above: float, below: float, for_s: float) -> None:
        self._above = above
        self._below = below
        self._for_s = for_s
        self._pending_since: float | None = None
        self._alarm: Alarm | None = None

    def evaluate(self, sample: Sample) -> Alarm | None:
        """Take in one sample and return the alarm that began or ended with it, if any.

        A sample without requests ends a pending alarm but never a firing one: no traffic does
        not prove that the errors are over.
        """
        ratio = sample.error_ratio
        if self._alarm is not None:
            if ratio is None or ratio >= self._below:
                return None
            ended = Alarm(self._alarm.starts_at, self._alarm.ratio, sample.at)
            self._alarm = None
            return ended
        if ratio is None or ratio <= self._above:
            self._pending_since = None
            return None
        if self._pending_since is None:
            self._pending_since = sample.at
        if sample.at - self._pending_since < self._for_s:
            return None
        self._pending_since = None
        self._alarm = Alarm(sample.at, ratio)
        return self._alarm


def webhook(alarm: Alarm, *, shop_url: str, runbook_url: str) -> dict[str, JsonValue]:
    """Return the alarm as the body of an Alertmanager webhook, version 4.

    The same alarm gives the same group key, fingerprint and `startsAt`, firing or resolved.
    """
    status = "firing" if alarm.ends_at is None else "resolved"
    annotations: dict[str, JsonValue] = {
        "summary": f"Checkout fails for {alarm.ratio:.0%} of its requests",
        "description": (
            f"{alarm.ratio:.1%} of the requests to {SERVICE} were answered with 500 when the "
            "alert fired. Customers cannot pay."
        ),
        "runbook_url": runbook_url,
    }
    labels: dict[str, JsonValue] = dict(LABELS)
    alert: dict[str, JsonValue] = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": rfc3339(alarm.starts_at),
        "endsAt": NEVER if alarm.ends_at is None else rfc3339(alarm.ends_at),
        "generatorURL": f"{shop_url}/api/v1/query?query={quote('shop:error_ratio', safe='')}",
        "fingerprint": fingerprint(LABELS),
    }
    group = {name: LABELS[name] for name in GROUP_BY}
    group_labels: dict[str, JsonValue] = dict(group)
    pairs = ", ".join(f'{name}="{value}"' for name, value in group.items())
    return {
        "version": "4",
        "groupKey": f"{{}}:{{{pairs}}}",
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "triagebot",
        "groupLabels": group_labels,
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": shop_url,
        "alerts": [alert],
    }


def fingerprint(labels: Mapping[str, str]) -> str:
    """Return the 64-bit FNV-1a of the sorted labels in hex, as Prometheus names a label set."""
    value = 0xCBF29CE484222325
    for name in sorted(labels):
        for byte in name.encode() + b"\xff" + labels[name].encode() + b"\xff":
            value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def rfc3339(at: float) -> str:
    """Return Unix seconds as a UTC time with milliseconds and a `Z`."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
