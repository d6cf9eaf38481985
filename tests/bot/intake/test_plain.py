"""The swift reader says what the general one says, or nothing."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.incident.events import decode, encode
from bot.incident.facts_alerts import AlertsReceived
from bot.incident.model import Alert
from bot.intake.fields import LABEL_CHARS, MAX_LABELS
from bot.intake.payload import read_json
from bot.intake.plain import MAX_ALERTS
from bot.intake.sources.alertmanager import example, parse, read_plain
from tests.bot.incident.making import T0

EXAMPLE = example(T0)
TEXT = st.text(max_size=12) | st.sampled_from(
    ["", "critical", "p1", " a  b ", "2026-01-05T03:00:00Z", "0001-01-01T00:00:00Z", "1e400",
     "https://example.org/x?a=1&b=2", "resolved", "é", "\x7f", "\ud800", "12345678901234567890"]
)  # fmt: skip
NAMES = TEXT | st.sampled_from(
    ["alertname", "service", "job", "severity", "summary", "runbook_url", "dashboard"]
)
ODD: st.SearchStrategy[JsonValue] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.just([]), TEXT,
    st.dictionaries(TEXT, st.none() | TEXT | st.integers(), max_size=2),
)  # fmt: skip


@st.composite
def messages(draw: st.DrawFn) -> JsonValue:
    """Messages of version 4, and some with one thing about them that is not."""
    texts = st.dictionaries(NAMES, TEXT, max_size=6)
    alert = st.fixed_dictionaries(
        {
            "status": st.sampled_from(["firing", "resolved"]),
            "labels": texts,
            "annotations": texts,
            "startsAt": TEXT,
            "endsAt": TEXT,
            "generatorURL": TEXT,
            "fingerprint": st.text(min_size=1, max_size=20),
        }
    )
    message: dict[str, Any] = {
        "version": "4",
        "groupKey": draw(st.text(min_size=1, max_size=20)),
        "truncatedAlerts": draw(st.integers(0, 9)),
        "status": draw(st.sampled_from(["firing", "resolved"])),
        "receiver": draw(TEXT),
        "groupLabels": draw(texts),
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": draw(TEXT),
        "alerts": draw(st.lists(alert, max_size=3)),
    }
    if draw(st.booleans()):
        message[draw(st.sampled_from([*message, "more"]))] = draw(ODD)
    return message


@given(messages(), st.booleans())
def test_what_is_read_swiftly_is_what_is_read_at_length(message: JsonValue, raw: bool) -> None:
    text = json.dumps(message, ensure_ascii=not raw)
    body = text.encode("utf-8", "surrogatepass")
    parsed = read_plain(body)
    if parsed is not None:
        assert parsed == parse(read_json(body, "", len(body)), {})


def test_what_alertmanager_sends_is_read_swiftly_and_is_an_alert_like_any_other() -> None:
    body = json.dumps(EXAMPLE).encode()
    parsed = read_plain(body)
    assert parsed is not None
    assert parsed == parse(read_json(body, "", len(body)), {})
    for alert in parsed.alerts:
        again = Alert.model_validate(alert.model_dump())
        assert again == alert
        assert hash(alert.links) == hash(again.links)
        assert alert.model_dump_json() == again.model_dump_json()
        assert alert.model_copy(update={"title": "x"}).title == "x"
        with pytest.raises(ValueError, match="frozen"):
            alert.title = "x"  # pyright: ignore[reportAttributeAccessIssue]
    fact = AlertsReceived(delivery="d", source="s", group_key="g", alerts=parsed.alerts)
    assert decode("AlertsReceived", 1, encode(fact)) == fact


TOO_MANY: list[JsonValue] = [{}] * (MAX_ALERTS + 1)
CHANGES: dict[str, dict[str, JsonValue]] = {
    "another field": {"more": 1},
    "a negative count": {"truncatedAlerts": -1},
    "an endless count": {"truncatedAlerts": 2**60},
    "no version": {"version": None},
    "no group": {"groupKey": ""},
    "not ASCII": {"externalURL": "https://m\u00fcnchen.example.org"},
    "deeper": {"groupLabels": {"deep": {"deeper": "x"}}},
    "a number among the alerts": {"alerts": [7]},
    "too many alerts": {"alerts": TOO_MANY},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_is_not_to_the_letter_is_left_to_the_general_reader(
    change: dict[str, JsonValue],
) -> None:
    assert isinstance(EXAMPLE, dict)
    assert read_plain(json.dumps({**EXAMPLE, **change}, ensure_ascii=False).encode()) is None


@pytest.mark.parametrize(
    "labels",
    [
        {"a": 1},
        {"a": "x" * (LABEL_CHARS + 1)},
        {"x" * 201: "a"},
        {f"l{n}": "x" for n in range(MAX_LABELS + 1)},
        {"a": "bell \x07"},
        {"a": "\x7f"},
        {"a": "\ud800"},
    ],
    ids=["number", "value", "name", "many", "control", "delete", "surrogate"],
)
def test_labels_that_would_be_changed_are_left_to_the_general_reader(
    labels: dict[str, JsonValue],
) -> None:
    message = deepcopy(EXAMPLE)
    assert isinstance(message, dict)
    alerts = message["alerts"]
    assert isinstance(alerts, list)
    assert isinstance(alerts[0], dict)
    alerts[0]["labels"] = labels
    assert read_plain(json.dumps(message).encode()) is None


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'{"a": NaN}', b"\xef\xbb\xbf{}"])
def test_what_is_no_message_is_left_to_the_general_reader(body: bytes) -> None:
    assert read_plain(body) is None


def test_of_members_that_stand_there_twice_the_last_one_counts() -> None:
    body = json.dumps(EXAMPLE).encode()
    twice = body.replace(b'"receiver"', b'"receiver": "other", "receiver"')
    twice = twice.replace(b'"env"', b'"env": "other", "env"')
    twice = twice.replace(b'"groupKey"', b'"groupKey": "other", "groupKey"')
    parsed = read_plain(twice)
    assert parsed is None or parsed == parse(read_json(twice, "", len(twice)), {})
