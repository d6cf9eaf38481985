"""Any system that can post JSON: one alert, a list of them, or an object with `alerts`."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice

from pydantic import JsonValue

from bot.errors import InputError
from bot.incident.grouping import GROUP_LABEL
from bot.incident.model import Alert, Severity
from bot.intake.fields import (
    ANNOTATION_CHARS,
    KEY_CHARS,
    LABEL_CHARS,
    MAX_LABELS,
    as_labels,
    as_line,
    as_links,
    as_moment,
    as_text,
    left_out,
)
from bot.intake.vocabulary import NO_NEWS, severity_of, status_of
from bot.shelf import Parsed, Source

NAME = "generic_json"
MAX_ALERTS = 500

DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "title": ("alert_name", "alertname", "alertName", "title", "name", "summary", "subject",
              "message", "text", "description"),
    "status": ("status", "state", "alert_status", "alert_state", "alertState"),
    "severity": ("severity", "priority", "level", "urgency"),
    "service": ("service", "service_name", "serviceName", "app", "application", "component",
                "pipeline_name", "dag_id", "deployment", "kube_deployment", "job"),
    "fingerprint": ("fingerprint", "dedup_key", "dedupKey", "dedupe_key", "incident_key", "alias",
                    "alert_id", "alertId", "correlation_id", "id"),
    "group": ("group_key", "groupKey", "group"),
    "starts_at": ("starts_at", "startsAt", "started_at", "startedAt", "triggered_at", "fired_at",
                  "occurred_at", "timestamp", "time", "at", "date", "created_at"),
    "ends_at": ("ends_at", "endsAt", "ended_at", "resolved_at", "resolvedAt", "closed_at"),
    "description": ("description", "message", "text", "body", "details"),
    "link": ("link", "url", "alert_url", "incident_url"),
    "message_id": ("message_id", "messageId", "delivery_id", "event_id", "eventId"),
}  # fmt: skip
"""Where a field is looked for when the route does not point to it; the first that is set counts."""

NESTS = ("labels", "tags", "commonLabels", "metadata", "annotations", "commonAnnotations")
"""Objects of an alert in which the fields are looked for when the alert itself has none."""
_LABEL_NESTS = ("commonLabels", "tags", "labels")
_NOTE_NESTS = ("commonAnnotations", "metadata", "annotations")
_PING_KEYS = ("type", "event", "event_type", "action", "kind")
_PINGS = frozenset({"ping", "test_ping", "webhook_test", "verification"})
_ALERT_FIELDS = ("title", "status", "severity", "fingerprint")

Lookup = Mapping[str, str]


def parse(payload: JsonValue, fields: Mapping[str, str]) -> Parsed:
    """Return the alerts of the payload; none for an empty list or object, and for a test ping.

    `fields` are JSON pointers into one alert; a field that is not there is looked for in the
    object around `alerts`. Without a pointer the names of `DEFAULTS` are tried. Without a
    fingerprint, title, service and labels name the alert, so an alert resolves only with the same.

    Raises:
        InputError: Neither an object nor a list of them, too many at once, or no title.
    """
    around = _trimmed(payload) if isinstance(payload, dict) else {}
    inner = around.get("alerts")
    listed = (
        payload if isinstance(payload, list) else inner if isinstance(inner, list) else [payload]
    )
    if len(listed) > MAX_ALERTS:
        raise InputError(f"{len(listed)} alerts at once; send at most {MAX_ALERTS} in a request")
    single = listed == [payload] and inner is None
    alerts = [
        alert
        for place, item in enumerate(listed)
        if (alert := _alert(item, {} if single else around, fields, place)) is not None
    ]
    group = "" if single else as_line(_find(around, {}, "group", fields), KEY_CHARS)
    message = as_line(_find(around, {}, "message_id", fields), KEY_CHARS)
    return Parsed(tuple(alerts), group, 0, message)


def _trimmed(around: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the object without what no alert could show anyway: every alert would copy it."""
    trimmed = dict(around)
    for key in NESTS:
        nest = trimmed.get(key)
        if isinstance(nest, dict):
            trimmed[key] = dict(islice(nest.items(), MAX_LABELS + 1))
        if isinstance(nest, list):
            trimmed[key] = nest[: MAX_LABELS + 1]
    return trimmed


def _alert(
    item: JsonValue, around: Mapping[str, JsonValue], fields: Lookup, place: int
) -> Alert | None:
    if not isinstance(item, dict):
        raise InputError(f"alert {place + 1} is not an object; send one object an alert")
    if _is_ping(item, fields):
        return None

    def find(name: str) -> JsonValue:
        return _find(item, around, name, fields)

    title = as_line(find("title"))
    if not title:
        pointer = fields.get("title")
        wanted = f"at {pointer}" if pointer else f"named {', '.join(DEFAULTS['title'][3:6])}"
        raise InputError(f"alert {place + 1} has no title {wanted}; send one")
    status = status_of(as_line(find("status")))
    if status == NO_NEWS:
        return None
    service = as_line(find("service"))
    labels = _labels(item, around, as_line(_find(item, {}, "group", fields)))
    ends_at = as_moment(find("ends_at"))
    return Alert(
        source=NAME,
        fingerprint=_fingerprint(item, fields)
        or _hash([title, service, *map(list, sorted(labels.items()))]),
        status=status,
        title=title,
        severity=_severity(item, around, fields),
        service=service,
        labels=labels,
        annotations=_annotations(item, around, as_text(find("description"), ANNOTATION_CHARS)),
        starts_at=as_moment(find("starts_at")),
        ends_at=ends_at if status == "resolved" else None,
        links=as_links({"Source": find("link"), "Runbook": find("runbook_url")}),
    )


def _is_ping(item: Mapping[str, JsonValue], fields: Lookup) -> bool:
    """Tell an authentic message that is no alert from one whose title is missing."""
    kinds = {as_line(item.get(key)).lower() for key in _PING_KEYS}
    if kinds & _PINGS:
        return True
    if "title" in fields:
        return not item
    return not any(_find(item, {}, name, fields) for name in _ALERT_FIELDS)


def _find(
    item: Mapping[str, JsonValue], around: Mapping[str, JsonValue], name: str, fields: Lookup
) -> JsonValue:
    pointer = fields.get(name)
    if pointer is not None:
        found = _at(item, pointer)
        return _at(around, pointer) if found is None else found
    for layer in _layers(item, around):
        for key in DEFAULTS.get(name, (name,)):
            value = layer.get(key)
            if value not in (None, "") and not isinstance(value, dict | list):
                return value
    return None


def _layers(
    item: Mapping[str, JsonValue], around: Mapping[str, JsonValue]
) -> Iterator[Mapping[str, JsonValue]]:
    for outer in (item, around):
        yield outer
        yield from (nest for key in NESTS if isinstance(nest := outer.get(key), dict))


def _at(value: JsonValue | Mapping[str, JsonValue], pointer: str) -> JsonValue:
    """Return what a JSON pointer (RFC 6901) points to, None when there is nothing."""
    found: JsonValue | Mapping[str, JsonValue] = value
    for part in pointer.split("/")[1:]:
        if isinstance(found, Mapping):
            found = found.get(part.replace("~1", "/").replace("~0", "~"))
        elif isinstance(found, list) and part.isascii() and part.isdecimal() and len(part) < 9:
            found = found[int(part)] if int(part) < len(found) else None
        else:
            return None
    return dict(found) if isinstance(found, Mapping) else found


def _severity(
    item: Mapping[str, JsonValue], around: Mapping[str, JsonValue], fields: Lookup
) -> Severity:
    given = _find(item, around, "severity", fields)
    if isinstance(given, int):  # a bare number is read as a priority only where it is called so
        return severity_of(f"p{given}") if item.get("priority") == given else "unknown"
    found = severity_of(as_line(given))
    if found != "unknown":
        return found
    state = severity_of(as_line(_find(item, around, "status", fields)))
    return state if state in {"critical", "warning"} else "unknown"


def _fingerprint(item: Mapping[str, JsonValue], fields: Lookup) -> str:
    return as_line(_find(item, {}, "fingerprint", fields), KEY_CHARS)


def _labels(
    item: Mapping[str, JsonValue], around: Mapping[str, JsonValue], group: str
) -> dict[str, str]:
    labels: dict[str, JsonValue] = {}
    for nest in (holder.get(key) for key in _LABEL_NESTS for holder in (around, item)):
        if isinstance(nest, dict):
            labels |= nest
        if isinstance(nest, list):
            pairs = (tag.partition(":") for tag in nest if isinstance(tag, str) and ":" in tag)
            labels |= {name.strip(): value.strip() for name, _, value in pairs}
    if group:
        labels = {GROUP_LABEL: group} | labels
    return as_labels(labels, LABEL_CHARS)


def _annotations(
    item: Mapping[str, JsonValue], around: Mapping[str, JsonValue], description: str
) -> dict[str, str]:
    """Return what humans may want to read: notes first, then every scalar of the alert itself."""
    notes: dict[str, JsonValue] = {"description": description} if description else {}
    for nest in (holder.get(key) for key in _NOTE_NESTS for holder in (around, item)):
        if isinstance(nest, dict):
            notes |= nest
    rest = {key: value for key, value in item.items() if not isinstance(value, dict | list)}
    notes |= {key: value for key, value in rest.items() if key not in notes and value is not None}
    return as_labels(notes, ANNOTATION_CHARS) | left_out(notes)


def _hash(value: list[str | list[str]]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def example(now: datetime) -> JsonValue:
    """Return one alert that fires since a minute before `now`."""
    return {
        "id": "search-disk",
        "title": "Disk of search is nearly full",
        "status": "firing",
        "severity": "warning",
        "service": "search",
        "starts_at": (now - timedelta(minutes=1)).isoformat(timespec="seconds"),
        "description": "91 % used, about 4 hours left at this rate.",
        "labels": {"host": "search-1", "mount": "/var/lib/search"},
        "link": "https://monitoring.example.org/checks/search-disk",
    }


GENERIC_JSON = Source(name=NAME, parse=parse, example=example)
