import json
from datetime import UTC, datetime
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.errors import InputError
from bot.intake.fields import LEFT_OUT
from bot.intake.payload import read_json
from bot.intake.sources import ALERTMANAGER, SOURCES
from bot.shelf import Parsed

NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
SINCE = "2026-01-05T02:57:00.123456789Z"
CAP = 5 * 1024 * 1024


def one(**more: JsonValue) -> dict[str, JsonValue]:
    labels: JsonValue = {"alertname": "DiskFull", "severity": "warning", "job": "node"}
    return {"status": "firing", "labels": labels, "annotations": {}, "startsAt": SINCE,
            "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "ab12", **more}  # fmt: skip


def message(*alerts: JsonValue, **more: JsonValue) -> Parsed:
    payload: JsonValue = {
        "version": "4", "status": "firing", "groupKey": "{}:{a}", "truncatedAlerts": 0,
        "receiver": "bot", "groupLabels": {"alertname": "DiskFull"},
        "alerts": list(alerts), **more,
    }  # fmt: skip
    return ALERTMANAGER.parse(payload, {})


def test_a_firing_alert_is_read_in_our_terms() -> None:
    parsed = message(
        one(
            annotations={"summary": "91 % used", "runbook_url": "https://wiki.example.org/disk"},
            generatorURL="http://prom.example.org/graph?g0.expr=x",
        ),
        externalURL="http://am.example.org",
    )
    (alert,) = parsed.alerts
    assert parsed.group_key == "{}:{a}"
    assert (alert.source, alert.fingerprint, alert.status) == ("alertmanager", "ab12", "firing")
    assert (alert.title, alert.severity, alert.service) == ("DiskFull", "warning", "node")
    assert alert.starts_at == datetime(2026, 1, 5, 2, 57, 0, 123456, tzinfo=UTC)
    assert alert.ends_at is None
    assert [(link.title, link.url) for link in alert.links] == [
        ("Runbook", "https://wiki.example.org/disk"),
        ("Query", "http://prom.example.org/graph?g0.expr=x"),
        ("Alertmanager", "http://am.example.org"),
    ]


def test_each_alert_has_its_own_status() -> None:
    ended = one(status="resolved", endsAt="2026-01-05T02:59:00+01:00", fingerprint="cd34")
    firing, resolved = message(one(endsAt="2026-01-05T09:00:00Z"), ended).alerts
    assert (firing.status, firing.ends_at) == ("firing", None)
    assert resolved.status == "resolved"
    assert resolved.ends_at == datetime(2026, 1, 5, 1, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("own", "whole", "status"),
    [
        (None, "resolved", "resolved"),
        ("", "resolved", "resolved"),
        (None, None, "firing"),
        (7, "resolved", "resolved"),
        ("Resolved", "firing", "resolved"),
        ("acknowledged", "firing", "firing"),
    ],
)
def test_a_status_that_is_missing_is_that_of_the_message(
    own: JsonValue, whole: JsonValue, status: str
) -> None:
    assert message(one(status=own), status=whole).alerts[0].status == status


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"job": "node", "service": "cart"}, "cart"),
        ({"job": "node", "app": "shop"}, "shop"),
        ({"job": "node", "deployment": "web", "service": ""}, "web"),
        ({"job": "node"}, "node"),
        ({"namespace": "x"}, ""),
    ],
)
def test_the_best_label_hints_at_the_service(labels: JsonValue, service: str) -> None:
    assert message(one(labels=labels)).alerts[0].service == service


@pytest.mark.parametrize(
    ("labels", "severity"),
    [
        ({"severity": "critical"}, "critical"),
        ({"severity": "page"}, "critical"),
        ({"severity": "P2"}, "high"),
        ({"priority": "P1 - now"}, "critical"),
        ({"severity": "", "priority": "low"}, "info"),
        ({"severity": "none"}, "unknown"),
        ({"level": "critical"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_severity_is_that_of_its_label(labels: JsonValue, severity: str) -> None:
    assert message(one(labels=labels)).alerts[0].severity == severity


def test_without_a_fingerprint_the_labels_name_the_alert_in_any_order() -> None:
    first = one(fingerprint="", labels={"a": "1", "b": "2"})
    second = one(fingerprint=None, labels={"b": "2", "a": "1"})
    third = one(fingerprint=None, labels={"b": "2", "a": "2"})
    names = [alert.fingerprint for alert in message(first, second, third).alerts]
    assert names[0] == names[1] != names[2]
    assert len(names[0]) == 16


def test_without_a_group_key_receiver_and_group_labels_name_the_group() -> None:
    group = message(one(), groupKey=None).group_key
    assert group == message(one(), groupKey="").group_key
    assert group != message(one(), groupKey=None, groupLabels={"alertname": "X"}).group_key
    assert group != message(one(), groupKey=None, receiver="other").group_key


def test_a_huge_group_key_is_cut_and_still_its_own() -> None:
    one_key, other = (message(groupKey="k" * 5000 + end).group_key for end in "ab")
    assert one_key != other
    assert len(one_key) <= 1024


@pytest.mark.parametrize(("said", "truncated"), [(38, 38), (0, 0), (-1, 0), ("38", 0), (True, 0)])
def test_d08_alerts_left_out_are_counted(said: JsonValue, truncated: int) -> None:
    assert message(one(), truncatedAlerts=said).truncated == truncated


def test_d08_more_alerts_than_are_read_count_as_left_out() -> None:
    parsed = message(*(one(fingerprint=str(n)) for n in range(2003)), truncatedAlerts=1)
    assert (len(parsed.alerts), parsed.truncated) == (2000, 4)


def test_labels_that_are_no_text_become_text() -> None:
    labels: JsonValue = {"n": 7, "b": True, "f": 1.5, "z": None, "l": [1, {"a": 2}]}
    found = message(one(labels=labels)).alerts[0].labels
    assert found == {"n": "7", "b": "true", "f": "1.5", "z": "", "l": '[1,{"a":2}]'}


def test_fields_are_bounded_and_say_so() -> None:
    labels: JsonValue = {"alertname": "A\nB  " + "x" * 9000, "long": "é" * 5000, "k" * 900: "v"}
    notes: JsonValue = {f"n{n:03}": "y" * 9000 for n in range(70)}
    (alert,) = message(one(labels=labels, annotations=notes)).alerts
    assert alert.title.startswith("A B xxx")
    assert len(alert.title) == 200
    assert alert.labels["long"].endswith("é… (5000 characters)")
    assert len(alert.labels["long"]) == 2048
    assert max(map(len, alert.labels)) == 200
    assert len(alert.annotations["n000"]) == 8192
    assert "first 64" in alert.annotations[LEFT_OUT]
    assert len(alert.annotations) == 65


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "ftp://x", "http://", "http://a b", "http://a\nb", 'http://a"b',
     "http://a<script>", "//a", "", None, 7, "http://" + "a" * 3000],
)  # fmt: skip
def test_d10_only_plain_web_addresses_become_links(address: JsonValue) -> None:
    assert message(one(generatorURL=address)).alerts[0].links == ()


def test_the_same_address_is_one_link() -> None:
    links = message(one(generatorURL="http://a.example"), externalURL="http://a.example").alerts[0]
    assert [link.title for link in links.links] == ["Query"]


def test_d04_an_empty_group_is_no_alert() -> None:
    assert message() == Parsed((), "{}:{a}")


@pytest.mark.parametrize(
    "payload", [None, 1, "x", [], {}, {"alerts": {}}, {"alerts": ["x"]}, {"alerts": [None]}]
)
def test_d04_garbage_is_an_input_error(payload: JsonValue) -> None:
    with pytest.raises(InputError):
        ALERTMANAGER.parse(payload, {})


def test_the_example_is_an_alert_as_a_real_one_would_be() -> None:
    raw = json.dumps(ALERTMANAGER.example(NOW)).encode()
    parsed = ALERTMANAGER.parse(read_json(raw, "", CAP), {})
    assert {alert.severity for alert in parsed.alerts} == {"critical"}
    assert len({alert.fingerprint for alert in parsed.alerts}) == 2
    assert all(alert.starts_at and alert.starts_at < NOW for alert in parsed.alerts)
    assert SOURCES["alertmanager"] is ALERTMANAGER


KEYS = [
    "alerts", "labels", "annotations", "status", "startsAt", "endsAt", "fingerprint", "groupKey",
    "truncatedAlerts", "externalURL", "severity", "alertname", "runbook_url",
]  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(JSON, st.lists(st.dictionaries(st.sampled_from(KEYS), JSON), max_size=3))
def test_d04_any_json_is_parsed_or_refused(
    value: JsonValue, alerts: list[dict[str, JsonValue]]
) -> None:
    around = cast("JsonValue", {"alerts": alerts, "groupKey": value, "truncatedAlerts": value})
    for payload in (value, around):
        clean = read_json(json.dumps(payload).encode("utf-8", "surrogatepass"), "", CAP)
        try:
            parsed = ALERTMANAGER.parse(clean, {})
        except InputError:
            continue
        for alert in parsed.alerts:
            assert alert.model_dump_json()
            assert alert.fingerprint
            assert alert.title
