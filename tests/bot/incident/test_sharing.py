"""What the alerts of a delivery have in common is held once, and nothing else changes."""

from bot.incident.events import decode, encode
from bot.incident.facts_alerts import AlertsReceived
from bot.incident.model import Alert, Link
from bot.incident.sharing import read_fact, share_equal
from tests.bot.incident.making import alert, received


def told(number: int) -> Alert:
    return alert().model_copy(
        update={
            "fingerprint": f"f{number}",
            "labels": {"pod": f"shop-{number}"},
            "annotations": {"summary": "It is slow"} if number % 2 else {},
            "links": (Link(title="Query", url="http://metrics.example.org"),) if number else (),
        }
    )


def test_a_fact_that_shares_is_equal_and_says_the_same_bytes() -> None:
    fact = received(*map(told, range(6)))
    shared = share_equal(fact)
    assert shared == fact
    assert encode(shared) == encode(fact)
    read = read_fact("AlertsReceived", AlertsReceived.v, encode(fact))
    assert read == decode("AlertsReceived", AlertsReceived.v, encode(fact)) == fact


def test_equal_annotations_and_links_are_held_once() -> None:
    read = read_fact("AlertsReceived", AlertsReceived.v, encode(received(*map(told, range(6)))))
    assert isinstance(read, AlertsReceived)
    assert len({id(one.annotations) for one in read.alerts}) == 2
    assert len({id(one.links) for one in read.alerts}) == 2
    assert len({id(one.labels) for one in read.alerts}) == 6
    assert [one.annotations for one in read.alerts][:2] == [{}, {"summary": "It is slow"}]


def test_other_facts_are_read_as_they_are() -> None:
    assert read_fact("Strange", 1, b"{}") == decode("Strange", 1, b"{}")
