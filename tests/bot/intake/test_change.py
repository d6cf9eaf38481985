from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.errors import InputError
from bot.incident.model import Change
from bot.intake.change import is_dated, read_changes

NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)


def read(payload: JsonValue, now: datetime = NOW) -> tuple[Change, ...]:
    return read_changes(payload, "change/ci", now)


def test_a_deploy_is_read_whole() -> None:
    (change,) = read(
        {
            "service": "checkout", "version": "v42", "previous": "v41", "by": "ann",
            "at": "2026-01-05T02:58:00Z", "kind": "rollback", "title": "Roll back",
            "link": "https://ci.example.org/7", "more": {"is": "ignored"},
        }
    )  # fmt: skip
    assert (change.service, change.version, change.previous) == ("checkout", "v42", "v41")
    assert (change.kind, change.by, change.title) == ("deploy", "ann", "Roll back")
    assert change.at == NOW - timedelta(minutes=2)
    assert change.link == "https://ci.example.org/7"
    assert change.source == "change/ci"


@pytest.mark.parametrize(
    ("word", "kind"),
    [(None, "deploy"), ("Deploy", "deploy"), ("config", "config"), ("feature_flag", "flag"),
     ("migration", "other"), (7, "other")],
)  # fmt: skip
def test_the_kind_is_one_of_four(word: JsonValue, kind: str) -> None:
    assert read({"service": "s", "kind": word})[0].kind == kind


def test_one_a_list_and_an_object_of_them_are_read() -> None:
    items: JsonValue = [{"service": "a"}, {"service": "b"}]
    around: JsonValue = {"changes": items}
    for found in (read(items), read(around)):
        assert [change.service for change in found] == ["a", "b"]
    assert read([]) == read({}) == read({"changes": []}) == ()


def test_a_change_says_when_or_it_was_now_and_never_later() -> None:
    future = (NOW + timedelta(hours=1)).isoformat()
    for at in (None, future):
        assert read({"service": "s", "at": at})[0].at == NOW
    assert read({"service": "s", "at": int(NOW.timestamp()) - 60})[0].at < NOW


def test_the_same_change_has_the_same_id_and_another_has_another() -> None:
    told: dict[str, JsonValue] = {"service": "s", "version": "2", "at": NOW.isoformat()}
    later = NOW + timedelta(minutes=1)
    assert read(told)[0].id == read(told, later)[0].id
    ids = {read({**told, **other})[0].id for other in ({}, {"version": "3"}, {"by": "ann"})}
    assert len(ids) == 3
    assert read({**told, "id": 17})[0].id == "17"


def test_only_changes_that_say_when_are_told_from_a_repeat() -> None:
    dated: JsonValue = {"service": "s", "at": 1}
    undated: JsonValue = {"service": "s"}
    assert is_dated(dated)
    assert is_dated({"changes": [dated]})
    assert not is_dated(undated)
    assert not is_dated([dated, undated])


@pytest.mark.parametrize(
    "payload",
    [1, "x", True, [1], {"changes": 3}, {"version": "1"}, {"service": ""},
     {"service": "s", "at": "soon"}, {"service": "s", "at": []}, [{"service": "s"}] * 501],
)  # fmt: skip
def test_d04_garbage_is_an_input_error(payload: JsonValue) -> None:
    with pytest.raises(InputError):
        read(payload)


def test_an_address_that_is_none_is_left_out() -> None:
    assert read({"service": "s", "link": "javascript:alert(1)"})[0].link == ""


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]))
)
KEYS = st.sampled_from(["service", "version", "at", "kind", "link", "id", "changes"])


@given(
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner),
        max_leaves=9,
    )
)
def test_d04_any_json_is_read_or_refused(payload: JsonValue) -> None:
    try:
        found = read(payload)
    except InputError:
        return
    assert all(change.service and change.id and change.at <= NOW for change in found)
