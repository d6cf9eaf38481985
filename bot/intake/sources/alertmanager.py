"""Prometheus Alertmanager's webhook: one group of alerts a message, unsigned by itself."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from pydantic import JsonValue

from bot.errors import InputError
from bot.incident.model import Alert, Link, Severity, trusted_alert
from bot.intake.fields import (
    ANNOTATION_CHARS,
    KEY_CHARS,
    LABEL_CHARS,
    MAX_LABELS,
    as_labels,
    as_line,
    as_links,
    as_moment,
    left_out,
    moment_of,
)
from bot.intake.plain import MAX_ALERTS, MAX_TRUNCATED, PlainAlert, read_message
from bot.intake.vocabulary import Status, severity_of, status_of
from bot.shelf import Parsed, Source

NAME = "alertmanager"
NAMELESS = "Alert without a name"
SERVICE_LABELS = (
    "service", "service_name", "app", "application", "app_kubernetes_io_name", "component",
    "deployment", "statefulset", "daemonset", "job",
)  # fmt: skip
"""Which labels hint at the service, the best first; a job is often only the exporter's name."""


def parse(payload: JsonValue, _fields: Mapping[str, str]) -> Parsed:
    """Return the group's alerts; none for an empty group.

    Reads version 4, and what older ones lack is derived: the group key from receiver and group
    labels, a fingerprint from the alert's labels.

    Raises:
        InputError: Not an Alertmanager message.
    """
    if not isinstance(payload, dict):
        raise InputError("an Alertmanager message is an object; check the receiver's URL")
    listed = payload.get("alerts")
    if not isinstance(listed, list):
        raise InputError("an Alertmanager message has a list `alerts`; check the receiver's URL")
    external = payload.get("externalURL")
    status = _status(payload.get("status"), "firing")
    alerts = tuple(_alert(item, status, external) for item in listed[:MAX_ALERTS])
    truncated = _count(payload.get("truncatedAlerts")) + len(listed) - len(alerts)
    return Parsed(alerts, _group_key(payload), truncated)


def _alert(item: JsonValue, default: Status, external: JsonValue) -> Alert:
    if not isinstance(item, dict):
        raise InputError("each of an Alertmanager message's alerts is an object; one is not")
    given_labels, given_annotations = item.get("labels"), item.get("annotations")
    labels = as_labels(given_labels, LABEL_CHARS)
    annotations = as_labels(given_annotations, ANNOTATION_CHARS)
    links = _links(annotations, item.get("generatorURL"), external)
    if len(labels) >= MAX_LABELS or len(annotations) >= MAX_LABELS:
        annotations |= left_out(given_labels, given_annotations)
    status = _status(item.get("status"), default)
    fingerprint = item.get("fingerprint")
    return Alert(
        source=NAME,
        fingerprint=as_line(fingerprint) if fingerprint else _hash(given_labels),
        status=status,
        title=as_line(labels.get("alertname") or annotations.get("summary")) or NAMELESS,
        severity=_severity(labels),
        service=_service(labels),
        labels=labels,
        annotations=annotations,
        starts_at=as_moment(item.get("startsAt")),
        ends_at=as_moment(item.get("endsAt")) if status == "resolved" else None,
        links=links,
    )


def read_plain(body: bytes) -> Parsed | None:
    """Return what `parse` would, in a third of the time; None for what it must look at.

    Most messages are of version 4 to the letter and leave nothing to shorten or to guess.
    """
    message = read_message(body)
    if message is None:
        return None
    alerts = tuple(_plain_alert(item, message.external) for item in message.alerts)
    return Parsed(alerts, message.group_key, message.truncated)


def _plain_alert(item: PlainAlert, external: str) -> Alert:
    labels, annotations, fingerprint = item.labels, item.annotations, item.fingerprint
    name = labels.get("alertname") or annotations.get("summary")
    return trusted_alert(
        source=NAME,
        fingerprint=fingerprint if fingerprint.isalnum() else as_line(fingerprint),
        status=item.status,
        title=as_line(name) or NAMELESS,
        severity=_severity(labels),
        service=_service(labels),
        labels=labels,
        annotations=annotations,
        starts_at=moment_of(item.starts_at),
        ends_at=moment_of(item.ends_at) if item.status == "resolved" else None,
        links=_links(annotations, item.generator, external),
    )


def _status(word: JsonValue, default: Status) -> Status:
    if not isinstance(word, str) or not word:
        return default
    return "firing" if word == "firing" else "resolved" if word == "resolved" else _other(word)


def _other(word: str) -> Status:
    return "resolved" if status_of(word) == "resolved" else "firing"


def _severity(labels: Mapping[str, str]) -> Severity:
    return severity_of(labels.get("severity") or labels.get("priority") or "")


def _service(labels: Mapping[str, str]) -> str:
    for name in SERVICE_LABELS:
        if labels.get(name):
            return as_line(labels[name])
    return ""


def _links(
    annotations: Mapping[str, str], generator: JsonValue, external: JsonValue
) -> tuple[Link, ...]:
    return _links_of(
        annotations.get("runbook_url") or annotations.get("runbook"),
        annotations.get("dashboard_url") or annotations.get("dashboard"),
        generator if isinstance(generator, str) else "",
        external if isinstance(external, str) else "",
    )


@lru_cache(maxsize=1024)
def _links_of(
    runbook: str | None, dashboard: str | None, generator: str, external: str
) -> tuple[Link, ...]:
    """Return an alert's links; the alerts of a group share most of theirs."""
    return as_links(
        {
            "Runbook": runbook,
            "Dashboard": dashboard,
            "Query": generator,
            "Alertmanager": external,
        }
    )


def _count(value: JsonValue) -> int:
    return min(max(value, 0), MAX_TRUNCATED) if type(value) is int else 0


def _group_key(payload: Mapping[str, JsonValue]) -> str:
    given = payload.get("groupKey")
    if isinstance(given, str) and given:
        return given if len(given) <= KEY_CHARS else f"{given[: KEY_CHARS - 70]}…{_hash(given)}"
    return f"group:{_hash([payload.get('receiver'), payload.get('groupLabels')])}"


def _hash(value: JsonValue) -> str:
    """Return 16 hex characters that any order of an object's members leaves the same."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def example(now: datetime) -> JsonValue:
    """Return a group of two alerts that fire since three minutes before `now`."""
    since = (now - timedelta(minutes=3)).isoformat(timespec="milliseconds")
    shared: dict[str, JsonValue] = {
        "alertname": "CheckoutErrorRateHigh",
        "service": "checkout",
        "env": "demo",
        "severity": "critical",
    }
    alerts: list[JsonValue] = [
        {
            "status": "firing",
            "labels": shared | {"instance": instance},
            "annotations": {
                "summary": f"{ratio} of the requests to {instance} fail",
                "description": "Customers cannot pay. The limit is 5 % for two minutes.",
            },
            "startsAt": since,
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.org/graph?g0.expr=shop:error_ratio",
            "fingerprint": _hash([instance]),
        }
        for instance, ratio in (("checkout-1", "31 %"), ("checkout-2", "28 %"))
    ]
    return {
        "version": "4",
        "groupKey": '{}:{alertname="CheckoutErrorRateHigh", service="checkout"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "triagebot",
        "groupLabels": {"alertname": "CheckoutErrorRateHigh", "service": "checkout"},
        "commonLabels": shared,
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.org",
        "alerts": alerts,
    }


ALERTMANAGER = Source(name=NAME, parse=parse, example=example, swift=read_plain)
