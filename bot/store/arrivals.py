"""What a delivery's groups bring, made ready outside the writer; it writes nothing itself.

An alert's occurrence is (source, route, group, fingerprint, starts_at): it fires once and resolves
once. What brings it no further is left out, so a redelivery, a repeat and the other half of a pair
of Alertmanagers add no event. A resolve that overtakes its firing wins, unless the firing comes so
much later that it is a new one. The group belongs to it: a fingerprint is the sender's word, and
one that two groups share by accident or on purpose must not silence either.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from bot.incident.events import encode
from bot.incident.facts_alerts import AlertsReceived, IncidentOpened
from bot.incident.grouping import Group
from bot.incident.model import Alert, trusted
from bot.ports import Delivery

REFIRED_AFTER = timedelta(minutes=5)
"""A firing this long after the resolve of the same occurrence is no late message."""
GROUP_BYTES = 16
_RECEIVED = frozenset(AlertsReceived.model_fields)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A Group with everything made that needs no transaction.

    `keys` are the occurrences of its alerts: "" for one whose start is not known, which is always
    news; None for one that an earlier group of the same delivery told, which never is.
    """

    opening: IncidentOpened
    truncated: int
    alerts: tuple[Alert, ...]
    keys: tuple[str | None, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Incoming:
    """A delivery made ready. `row` holds its columns up to `incidents`."""

    delivery: Delivery
    row: tuple[str, ...]
    arrivals: tuple[Arrival, ...]
    total: int

    @property
    def name(self) -> tuple[str, ...]:
        """Source, route and dedupe key: what only a redelivery has in common with it."""
        return self.row[1:4]

    def keys(self) -> Iterator[str]:
        """Yield the occurrences it tells of."""
        return (key for arrival in self.arrivals for key in arrival.keys if key)


def occurrences(alerts: Iterable[Alert], by: str, group_key: str) -> tuple[str, ...]:
    """Return what each alert of a group is known by; "" for one whose start is not known.

    `by` is the door it came through, `source:route`. The first two parts have no blank in them,
    so one key is never another's; they are short, and those of a group lie together on disk.
    """
    group = _group_digest(by, group_key)
    return tuple(
        "" if alert.starts_at is None else f"{group} {_moment(alert.starts_at)} {alert.fingerprint}"
        for alert in alerts
    )


@lru_cache(maxsize=1024)
def _group_digest(by: str, group_key: str) -> str:
    digest = hashlib.blake2b(f"{by}\x1f{group_key}".encode(), digest_size=GROUP_BYTES).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


@lru_cache(maxsize=4096)
def _moment(at: datetime) -> str:
    """Return a time to the microsecond in few characters; the alerts of a group share most."""
    return at.isoformat().removesuffix("+00:00").replace("-", "").replace(":", "")


def prepare_arrivals(delivery: Delivery, groups: Sequence[Group]) -> tuple[Arrival, ...]:
    """Do what can be done outside the writer, for every group of a delivery."""
    made = tuple(prepare_arrival(delivery, group) for group in groups)
    if len(made) < 2:
        return made
    told: set[str | None] = set()
    apart: list[Arrival] = []
    for arrival in made:
        keys = tuple(None if key and key in told else key for key in arrival.keys)
        told.update(arrival.keys)
        apart.append(arrival if keys == arrival.keys else replace(arrival, keys=keys))
    return tuple(apart)


def prepare_arrival(delivery: Delivery, group: Group) -> Arrival:
    """Make one group ready; an alert said twice in one group counts once."""
    alerts = group.alerts
    by = f"{delivery.source}:{delivery.route}"
    keys = occurrences(alerts, by, group.group_key)
    if len(set(keys)) != len(keys):
        last = {key or f"\x1f{place}": place for place, key in enumerate(keys)}
        alerts = tuple(alerts[place] for place in sorted(last.values()))
        keys = tuple(keys[place] for place in sorted(last.values()))
    opening = IncidentOpened(
        title=group.title,
        service=group.service,
        severity=group.severity,
        group_key=group.group_key,
        by=by,
    )
    body = received_body(delivery, opening, alerts, group.truncated)
    return Arrival(opening, group.truncated, alerts, keys, body)


def received_body(
    delivery: Delivery, opening: IncidentOpened, alerts: tuple[Alert, ...], truncated: int
) -> bytes:
    """Return the stored bytes of the AlertsReceived event; every value in it is validated."""
    fields = {
        "delivery": delivery.id,
        "source": delivery.source,
        "group_key": opening.group_key,
        "alerts": alerts,
        "truncated": truncated,
    }
    return encode(trusted(AlertsReceived, fields, _RECEIVED))
