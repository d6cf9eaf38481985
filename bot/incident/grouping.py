"""Which alerts of one delivery make one incident, and what that incident is called; pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.incident.model import SEVERITIES, Alert, Severity

GROUP_LABEL = "group"
"""The label that names an alert's group where its source groups no deliveries."""
NAMES_SHOWN = 2
TITLE_CHARS = 200
_URGENCY = {severity: place for place, severity in enumerate(SEVERITIES)}


@dataclass(frozen=True, slots=True)
class Group:
    """Alerts of one delivery that belong to one incident, in the order they came; never empty.

    `group_key` names it within its source and route. `service` is the catalogue's, else the
    source's hint, else empty. `truncated` counts the alerts the source left out.
    """

    group_key: str
    title: str
    service: str
    severity: Severity
    alerts: tuple[Alert, ...]
    truncated: int = 0


def grouped(
    alerts: Sequence[Alert],
    group_key: str,
    truncated: int,
    service_of: Callable[[Alert], str],
) -> list[Group]:
    """Return the incidents-to-be of one delivery, in order of their first alert.

    Args:
        alerts: All of the delivery; none make no group.
        group_key: The source's own grouping: everything is one group. Empty: alerts are grouped
            by their label `group`, else each fingerprint stands alone.
        truncated: How many alerts the source left out of the group.
        service_of: Names the catalogue's service of an alert, "" when it has none.
    """
    if not alerts:
        return []
    if group_key:
        return [_group(group_key, tuple(alerts), truncated, service_of)]
    groups: dict[str, list[Alert]] = {}
    for alert in alerts:
        group = alert.labels.get(GROUP_LABEL, "")
        key = f"group:{group}" if group else f"alert:{alert.fingerprint}"
        groups.setdefault(key, []).append(alert)
    return [_group(key, tuple(group), 0, service_of) for key, group in groups.items()]


def headline(alerts: Sequence[Alert], truncated: int = 0) -> str:
    """Return the title for these alerts: the names of what fires, most urgent first.

    The same alerts in another order give the same title.
    """
    telling = _telling(alerts)
    counts = Counter(alert.title for alert in telling)
    names = list(counts)
    if len(names) > 1:
        urgency = dict.fromkeys(names, len(SEVERITIES))
        for alert in telling:
            urgency[alert.title] = min(urgency[alert.title], _URGENCY[alert.severity])
        names.sort(key=lambda name: (urgency[name], -counts[name], name))
    title = ", ".join(names[:NAMES_SHOWN])
    if len(names) > NAMES_SHOWN:
        title += f" and {len(names) - NAMES_SHOWN} more"
    total = len(telling) + truncated
    tail = f" ({total} alerts)" if total > 1 else ""
    room = TITLE_CHARS - len(tail)
    return (title if len(title) <= room else title[: room - 1] + "…") + tail


def worst(alerts: Iterable[Alert]) -> Severity:
    """Return the most urgent severity of what fires (of all, when nothing does)."""
    found = {alert.severity for alert in _telling(tuple(alerts))}
    for severity in SEVERITIES:
        if severity in found:
            return severity
    return "unknown"


def _group(
    key: str, alerts: tuple[Alert, ...], truncated: int, service_of: Callable[[Alert], str]
) -> Group:
    if len(alerts) == 1 and not truncated and len(alerts[0].title) <= TITLE_CHARS:
        one = alerts[0]
        return Group(key, one.title, service_of(one) or one.service, one.severity, alerts)
    return Group(
        group_key=key,
        title=headline(alerts, truncated),
        service=_service(alerts, service_of),
        severity=worst(alerts),
        alerts=alerts,
        truncated=truncated,
    )


def _telling(alerts: Sequence[Alert]) -> Sequence[Alert]:
    return [alert for alert in alerts if alert.status == "firing"] or alerts


def _service(alerts: Sequence[Alert], service_of: Callable[[Alert], str]) -> str:
    """Return the catalogue's service of most alerts, else the hint of most; first seen wins."""
    telling = _telling(alerts)
    for found in (map(service_of, telling), (alert.service for alert in telling)):
        counts = Counter(filter(None, found))
        if counts:
            return max(counts, key=counts.__getitem__)
    return ""
