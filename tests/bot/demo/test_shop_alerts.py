from datetime import UTC, datetime

import pytest

from bot.demo.shop_alerts import NEVER, Alarm, Rule, fingerprint, rfc3339, webhook
from bot.demo.shop_metrics import Sample


def rule() -> Rule:
    return Rule(above=0.10, below=0.05, for_s=1.5)


def at(moment: float, ratio: float | None) -> Sample:
    return Sample(moment, ratio, 40.0, 0.01)


def test_it_fires_once_after_the_ratio_was_high_for_long_enough() -> None:
    watch = rule()
    assert watch.evaluate(at(0.0, 0.35)) is None
    assert watch.evaluate(at(1.4, 0.36)) is None
    assert watch.evaluate(at(1.5, 0.37)) == Alarm(1.5, 0.37)
    assert watch.evaluate(at(9.0, 0.37)) is None


@pytest.mark.parametrize("calm", [0.10, 0.0, None])
def test_a_calm_moment_starts_the_waiting_anew(calm: float | None) -> None:
    watch = rule()
    watch.evaluate(at(0.0, 0.35))
    watch.evaluate(at(1.0, calm))
    assert watch.evaluate(at(1.6, 0.35)) is None
    assert watch.evaluate(at(3.1, 0.35)) is not None


def test_it_resolves_only_below_the_lower_ratio() -> None:
    watch = rule()
    watch.evaluate(at(0.0, 0.35))
    watch.evaluate(at(1.5, 0.35))
    assert watch.evaluate(at(2.0, 0.07)) is None
    assert watch.evaluate(at(3.0, 0.05)) is None
    assert watch.evaluate(at(4.0, 0.04)) == Alarm(1.5, 0.35, 4.0)
    assert watch.evaluate(at(5.0, 0.0)) is None


def test_no_traffic_does_not_resolve() -> None:
    watch = rule()
    watch.evaluate(at(0.0, 0.35))
    watch.evaluate(at(1.5, 0.35))
    assert watch.evaluate(at(2.0, None)) is None
    assert watch.evaluate(at(3.0, 0.0)) is not None


def test_it_fires_again_with_a_new_start() -> None:
    watch = rule()
    for moment, ratio in ((0.0, 0.3), (1.5, 0.3), (2.0, 0.0), (3.0, 0.3)):
        watch.evaluate(at(moment, ratio))
    assert watch.evaluate(at(4.5, 0.3)) == Alarm(4.5, 0.3)


def body(alarm: Alarm) -> dict[str, object]:
    return dict(webhook(alarm, shop_url="http://s", runbook_url="http://r/bad-deploy"))


def test_the_webhook_has_the_shape_of_alertmanagers_version_4() -> None:
    labels = {
        "alertname": "CheckoutErrorRateHigh",
        "env": "demo",
        "service": "checkout",
        "severity": "critical",
    }
    annotations = {
        "summary": "Checkout fails for 35% of its requests",
        "description": (
            "35.0% of the requests to checkout were answered with 500 when the alert fired. "
            "Customers cannot pay."
        ),
        "runbook_url": "http://r/bad-deploy",
    }
    assert body(Alarm(1_700_000_000.25, 0.35)) == {
        "version": "4",
        "groupKey": '{}:{alertname="CheckoutErrorRateHigh", service="checkout"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "triagebot",
        "groupLabels": {"alertname": "CheckoutErrorRateHigh", "service": "checkout"},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "http://s",
        "alerts": [
            {
                "status": "firing",
                "labels": labels,
                "annotations": annotations,
                "startsAt": "2023-11-14T22:13:20.250Z",
                "endsAt": NEVER,
                "generatorURL": "http://s/api/v1/query?query=shop%3Aerror_ratio",
                "fingerprint": fingerprint(labels),
            }
        ],
    }


def test_resolved_differs_from_firing_in_status_and_end_only() -> None:
    firing, resolved = body(Alarm(1.5, 0.35)), body(Alarm(1.5, 0.35, 4.0))
    assert {name for name in firing if firing[name] != resolved[name]} == {"status", "alerts"}
    text = str(firing).replace("'firing'", "'resolved'").replace(NEVER, rfc3339(4.0))
    assert text == str(resolved)


def test_a_fingerprint_is_the_fnv_1a_of_the_sorted_labels() -> None:
    assert fingerprint({}) == "cbf29ce484222325"
    assert fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1"})
    assert fingerprint({"a": "1"}) != fingerprint({"a1": ""})


def test_a_time_is_utc_with_milliseconds() -> None:
    moment = 1_700_000_000.25
    assert datetime.fromisoformat(rfc3339(moment)) == datetime.fromtimestamp(moment, UTC)
