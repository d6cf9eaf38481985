import hashlib
import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incident.events import (
    EVENT_TYPES,
    GENESIS,
    ChainLink,
    Event,
    Unknown,
    chain,
    decode,
    encode,
    stamp,
    unstamp,
)
from bot.incident.fact import Fact
from bot.incident.facts_run import ConclusionReached, ToolReturned
from bot.incident.model import Finding, Observation
from tests.bot.incident.making import T0, alert, at, opened, received
from tests.bot.incident.test_reducer import ONE_OF_EACH

LINK = ChainLink("INC-1", 7, "NoteAdded", 1, "2026-01-05T03:00:00.000000Z", b"{}", "web:dana")
moments = st.timedeltas(timedelta(0), timedelta(days=2_900_000)).map(T0.__add__)


@pytest.mark.parametrize(
    "fact", [pytest.param(f, id=f"{n}-{type(f).__name__}") for n, f in enumerate(ONE_OF_EACH)]
)
def test_every_fact_comes_back_from_its_bytes(fact: Fact) -> None:
    again = decode(type(fact).__name__, fact.v, encode(fact))
    assert isinstance(again, Fact)
    assert again == fact
    assert encode(again) == encode(fact)


def test_an_events_type_is_its_facts_name_also_when_it_cannot_be_read() -> None:
    assert Event("INC-1", 1, at(0), "x:y", opened()).type == "IncidentOpened"
    odd = decode("TotallyNew", 1, b"{}")
    assert isinstance(odd, Unknown)
    assert Event("INC-1", 1, at(0), "x:y", odd).type == "TotallyNew"


def test_a_conclusion_of_before_outcomes_found_what_its_findings_say() -> None:
    finding = Finding(claim="v42 fails", evidence=("a" * 16,))
    new = ConclusionReached(summary="v42", findings=(finding,), by="x", outcome="not_an_incident")
    assert decode("ConclusionReached", 1, encode(new)) == new
    body = json.loads(encode(new))
    del body["outcome"], body["question"]
    old = decode("ConclusionReached", 1, json.dumps(body).encode())
    assert isinstance(old, ConclusionReached)
    assert old.outcome == "cause_found"
    body["findings"] = []
    none = decode("ConclusionReached", 1, json.dumps(body).encode())
    assert isinstance(none, ConclusionReached)
    assert none.outcome == "not_enough_evidence"


@pytest.mark.parametrize(
    ("kind", "v", "body", "why"),
    [
        ("TotallyNew", 1, b"{}", "does not know"),
        ("IncidentOpened", 2, b"{}", "reads v1"),
        ("IncidentOpened", 1, b"{", "at the top"),
        ("IncidentOpened", 1, b"\xff\xfe", "at the top"),
        ("NoteAdded", 1, b'{"person": "dana", "text": 1}', "at text"),
        ("NoteAdded", 1, b'{"person": "dana", "text": "x", "extra": 1}', "at extra"),
    ],
)
def test_what_cannot_be_read_is_unknown_with_a_reason(
    kind: str, v: int, body: bytes, why: str
) -> None:
    odd = decode(kind, v, body)
    assert isinstance(odd, Unknown)
    assert (odd.type, odd.v) == (kind, v)
    assert why in odd.why


@given(st.sampled_from(sorted(EVENT_TYPES)), st.integers(0, 3), st.binary(max_size=60))
def test_decoding_never_raises(kind: str, v: int, body: bytes) -> None:
    assert isinstance(decode(kind, v, body), Fact | Unknown)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_cannot_hold_becomes_nothing(value: float) -> None:
    fact = ToolReturned(
        effect_id="r1s1.0",
        key="",
        tool="t",
        evidence="e",
        summary="s",
        facts=(Observation(name="ratio", value=value),),
    )
    again = decode("ToolReturned", 1, encode(fact))
    assert isinstance(again, ToolReturned)
    assert again.facts[0].value is None


def test_the_chain_is_the_documented_hash() -> None:
    text = b"INC-1\x007\x00NoteAdded\x001\x002026-01-05T03:00:00.000000Z\x00web:dana\x00{}"
    assert chain(GENESIS, LINK) == hashlib.sha256(bytes(32) + text).digest()


@pytest.mark.parametrize(
    "other",
    [
        ChainLink("INC-2", 7, "NoteAdded", 1, LINK.at, b"{}", "web:dana"),
        ChainLink("INC-1", 8, "NoteAdded", 1, LINK.at, b"{}", "web:dana"),
        ChainLink("INC-1", 7, "NoteRemoved", 1, LINK.at, b"{}", "web:dana"),
        ChainLink("INC-1", 7, "NoteAdded", 2, LINK.at, b"{}", "web:dana"),
        ChainLink("INC-1", 7, "NoteAdded", 1, "2026-01-05T03:00:00.000001Z", b"{}", "web:dana"),
        ChainLink("INC-1", 7, "NoteAdded", 1, LINK.at, b"{ }", "web:dana"),
        ChainLink("INC-1", 7, "NoteAdded", 1, LINK.at, b"{}", "web:eve"),
    ],
)
def test_e42_every_part_of_an_event_is_in_its_hash(other: ChainLink) -> None:
    assert chain(GENESIS, other) != chain(GENESIS, LINK)
    assert chain(chain(GENESIS, LINK), other) != chain(GENESIS, other)


@given(moments)
def test_a_time_comes_back_from_its_stamp(moment: datetime) -> None:
    assert unstamp(stamp(moment)) == moment


@given(moments, moments)
def test_stamps_sort_as_times_do(one: datetime, other: datetime) -> None:
    assert (stamp(one) < stamp(other)) is (one < other)


def test_a_stamp_is_in_utc() -> None:
    berlin = timezone(timedelta(hours=1))
    assert stamp(datetime(2026, 1, 5, 4, tzinfo=berlin)) == "2026-01-05T03:00:00.000000Z"


def test_an_alert_costs_few_bytes() -> None:
    """One AlertsReceived a delivery: defaults must not blow up what every alert stores."""
    assert len(encode(received(alert()))) < 600
