import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.errors import InputError
from bot.intake.hooks import FieldName
from bot.intake.payload import read_json
from bot.intake.sources import GENERIC_JSON
from bot.intake.sources.generic_json import DEFAULTS
from bot.shelf import Parsed

NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)
CAP = 5 * 1024 * 1024
NONE: Mapping[str, str] = {}


def parse(payload: JsonValue, fields: Mapping[str, str] = NONE) -> Parsed:
    return GENERIC_JSON.parse(payload, fields)


def test_one_object_is_one_alert() -> None:
    parsed = parse(
        {
            "id": "disk-1", "title": "Disk  nearly\nfull", "status": "triggered", "severity": "P2",
            "service": "search", "starts_at": "2026-01-05T02:59:00Z", "host": "s1",
            "description": "91 % used", "labels": {"mount": "/var"}, "url": "https://m.example/1",
        }
    )  # fmt: skip
    (alert,) = parsed.alerts
    assert (alert.fingerprint, alert.title, alert.status) == (
        "disk-1",
        "Disk nearly full",
        "firing",
    )
    assert (alert.severity, alert.service) == ("high", "search")
    assert alert.starts_at == datetime(2026, 1, 5, 2, 59, tzinfo=UTC)
    assert alert.labels == {"mount": "/var"}
    assert alert.annotations["description"] == "91 % used"
    assert alert.annotations["host"] == "s1"
    assert [link.url for link in alert.links] == ["https://m.example/1"]
    assert parsed.group_key == ""


def test_an_array_and_an_object_of_alerts_are_many() -> None:
    items: JsonValue = [{"title": "A"}, {"title": "B", "severity": "info"}]
    assert [alert.title for alert in parse(items).alerts] == ["A", "B"]
    around = parse({"alerts": items, "group": "g", "severity": "high", "message_id": "m1"})
    assert [alert.severity for alert in around.alerts] == ["high", "info"]
    assert (around.group_key, around.dedupe) == ("g", "m1")
    assert len({alert.fingerprint for alert in around.alerts}) == 2


def test_pointers_of_the_route_find_the_fields_wherever_they_are() -> None:
    fields = {"title": "/job/name", "status": "/result", "severity": "/a~1b", "service": "/t/0/~0x",
              "fingerprint": "/job/id", "group": "/cluster", "starts_at": "/began"}  # fmt: skip
    payload: JsonValue = {
        "job": {"name": "Backup failed", "id": 77}, "result": "FAILED", "a/b": "Sev1",
        "t": [{"~x": "backup"}], "cluster": "eu", "began": 1_767_582_000_000, "title": "not this",
    }  # fmt: skip
    (alert,) = parse(payload, fields).alerts
    assert (alert.title, alert.status, alert.severity) == ("Backup failed", "firing", "high")
    assert (alert.service, alert.fingerprint) == ("backup", "77")
    assert alert.labels == {"group": "eu"}
    assert alert.starts_at == datetime(2026, 1, 5, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize("pointer", ["/x", "/0", "/title/y", "/list/9", "/list/-1", "/list/x", "/"])
def test_a_pointer_to_nothing_is_told_to_the_sender(pointer: str) -> None:
    with pytest.raises(InputError, match=pointer):
        parse({"title": "A", "list": [1]}, {"title": pointer})


@pytest.mark.parametrize(
    "word",
    ["resolved", "OK", "closed", "Recovered", "up", "ALERT_RECOVERY", "back to normal", "success"],
)
def test_words_for_resolved(word: str) -> None:
    assert parse({"title": "A", "status": word}).alerts[0].status == "resolved"


@pytest.mark.parametrize(
    "word", ["firing", "triggered", "open", "PROBLEM", "DOWN", "not ok", "unresolved", "?", "", 1]
)
def test_any_other_word_fires(word: JsonValue) -> None:
    assert parse({"title": "A", "status": word}).alerts[0].status == "firing"


@pytest.mark.parametrize("word", ["acknowledged", "Snoozed", "alert.muted"])
def test_d04_news_of_somebody_touching_an_alert_is_no_alert(word: str) -> None:
    assert parse({"title": "A", "status": word}) == Parsed()


@pytest.mark.parametrize(
    ("given", "severity"),
    [
        ({"severity": "Critical"}, "critical"),
        ({"severity": "disaster"}, "critical"),
        ({"severity": "SEV-1"}, "high"),
        ({"level": "error"}, "high"),
        ({"severity": "average"}, "warning"),
        ({"priority": "P5"}, "info"),
        ({"priority": 1}, "critical"),
        ({"priority": 3}, "warning"),
        ({"severity": 1}, "unknown"),
        ({"severity": True}, "unknown"),
        ({"severity": "weird"}, "unknown"),
        ({"status": "CRITICAL"}, "critical"),
        ({"labels": {"severity": "major"}}, "high"),
        ({}, "unknown"),
    ],
)
def test_words_for_severity(given: dict[str, JsonValue], severity: str) -> None:
    assert parse({"title": "A", **given}).alerts[0].severity == severity


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ("2026-01-05T03:00:00Z", NOW),
        ("2026-01-05T04:00:00+01:00", NOW),
        ("2026-01-05 03:00:00", NOW),
        ("1767582000", NOW),
        (1767582000, NOW),
        (1767582000.0, NOW),
        (1767582000000, NOW),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("9999-12-31T23:59:59-23:59", None),
        ("yesterday", None),
        ("1e400", None),
        ("nan", None),
        (-1, None),
        (10**30, None),
        (True, None),
        ([1], None),
    ],
)
def test_times_are_read_in_the_usual_ways(given: JsonValue, at: datetime | None) -> None:
    assert parse({"title": "A", "at": given}).alerts[0].starts_at == at


def test_an_alert_without_a_name_of_its_own_is_known_by_what_it_says() -> None:
    firing: JsonValue = {"title": "A", "service": "s", "labels": {"x": 1, "y": 2}, "status": "down"}
    resolved: JsonValue = {"title": "A", "service": "s", "labels": {"y": 2, "x": 1}, "status": "up"}
    other: JsonValue = {"title": "A", "service": "s", "labels": {"y": 2, "x": 2}}
    names = [parse(payload).alerts[0].fingerprint for payload in (firing, resolved, other)]
    assert names[0] == names[1] != names[2]


def test_tags_in_a_list_are_labels() -> None:
    labels = parse({"title": "A", "tags": ["env:prod", "plain", 7, "a:b:c"]}).alerts[0].labels
    assert labels == {"env": "prod", "a": "b:c"}


@pytest.mark.parametrize(
    "payload",
    [[], {}, {"alerts": []}, [{}], {"ping": True}, {"type": "ping", "title": "x"}, {"hello": 1},
     {"event": "webhook_test"}],
)  # fmt: skip
def test_d04_an_authentic_message_without_an_alert_is_none(payload: JsonValue) -> None:
    assert parse(payload).alerts == ()


@pytest.mark.parametrize(
    "payload",
    [None, 1, "x", True, [1], [[]], {"alerts": ["x"]}, {"status": "firing"}, {"id": "x"},
     [{"title": "A"}, {"severity": "high"}]],
)  # fmt: skip
def test_d04_garbage_is_an_input_error(payload: JsonValue) -> None:
    with pytest.raises(InputError):
        parse(payload)


def test_what_all_alerts_share_is_bounded_for_each_of_them() -> None:
    shared: dict[str, JsonValue] = {f"k{n:05}": "v" for n in range(20_000)}
    tags: JsonValue = [f"t{n}:v" for n in range(20_000)]
    items: JsonValue = [{"title": str(n)} for n in range(500)]
    found = parse({"alerts": items, "labels": shared, "metadata": shared, "tags": tags}).alerts
    assert {len(alert.labels) for alert in found} == {64}
    assert {len(alert.annotations) for alert in found} == {65}
    assert all("first 64" in alert.annotations["left_out"] for alert in found)


def test_too_many_alerts_at_once_are_refused_not_dropped() -> None:
    with pytest.raises(InputError, match="at most 500"):
        parse([{"title": str(n)} for n in range(501)])


def test_a_route_may_point_to_each_field_that_is_looked_for() -> None:
    assert set(DEFAULTS) == set(get_args(FieldName))


def test_the_example_is_an_alert() -> None:
    (alert,) = parse(GENERIC_JSON.example(NOW)).alerts
    assert (alert.service, alert.severity, alert.fingerprint) == (
        "search",
        "warning",
        "search-disk",
    )


KEYS = sorted({key for names in DEFAULTS.values() for key in names} | {"alerts", "labels", "tags"})
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=20,
)
POINTERS = st.dictionaries(
    st.sampled_from(get_args(FieldName)),
    st.lists(st.sampled_from(["title", "labels", "0", "9", "a~1b", ""]), min_size=1).map(
        lambda parts: "/" + "/".join(parts)
    ),
)


@given(JSON, POINTERS)
def test_d04_any_json_is_parsed_or_refused(value: JsonValue, fields: dict[str, str]) -> None:
    clean = read_json(json.dumps(value).encode("utf-8", "surrogatepass"), "", CAP)
    try:
        parsed = parse(clean, fields)
    except InputError:
        return
    for alert in parsed.alerts:
        assert alert.model_dump_json()
        assert alert.fingerprint
        assert alert.title
