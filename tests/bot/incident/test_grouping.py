from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.incident.grouping import grouped, headline, worst
from bot.incident.model import Alert, Severity
from tests.bot.incident.making import alert as made


def alert(
    title: str = "DiskFull",
    severity: Severity = "warning",
    *,
    status: Literal["firing", "resolved"] = "firing",
    fingerprint: str = "f1",
    **labels: str,
) -> Alert:
    base = made(status, fingerprint)
    return base.model_copy(
        update={"title": title, "severity": severity, "labels": labels, "service": ""}
    )


def nobody(_alert: Alert) -> str:
    return ""


def test_d07_a_delivery_with_a_group_key_is_one_incident() -> None:
    alerts = [alert(fingerprint=str(n)) for n in range(40)]
    (group,) = grouped(alerts, "{}:{a}", 38, nobody)
    assert group.group_key == "{}:{a}"
    assert group.alerts == tuple(alerts)
    assert group.truncated == 38
    assert group.title == "DiskFull (78 alerts)"


def test_no_alert_makes_no_incident() -> None:
    assert grouped([], "key", 0, nobody) == []
    assert grouped([], "", 3, nobody) == []


def test_without_a_group_key_each_fingerprint_stands_alone() -> None:
    first, second, third = alert(fingerprint="a"), alert(fingerprint="b"), alert(fingerprint="a")
    found = grouped([first, second, third], "", 0, nobody)
    assert [(b.group_key, len(b.alerts)) for b in found] == [("alert:a", 2), ("alert:b", 1)]


def test_the_label_group_holds_alerts_together_and_is_no_fingerprint() -> None:
    one, two = alert(fingerprint="a", group="g"), alert(fingerprint="b", group="g")
    found = grouped([one, two, alert(fingerprint="g")], "", 0, nobody)
    assert [b.group_key for b in found] == ["group:g", "alert:g"]


@pytest.mark.parametrize(
    ("alerts", "title"),
    [
        ([alert("DiskFull")], "DiskFull"),
        ([alert("DiskFull"), alert("DiskFull")], "DiskFull (2 alerts)"),
        ([alert("Slow"), alert("Down", "critical")], "Down, Slow (2 alerts)"),
        ([alert("B"), alert("A"), alert("B")], "B, A (3 alerts)"),
        ([alert("C"), alert("B"), alert("A", "info")], "B, C and 1 more (3 alerts)"),
        ([alert("Down", "critical", status="resolved"), alert("Slow")], "Slow"),
        ([alert("Down", status="resolved"), alert("Slow", status="resolved")],
         "Down, Slow (2 alerts)"),
    ],
)  # fmt: skip
def test_the_title_names_what_fires_most_urgent_first(alerts: list[Alert], title: str) -> None:
    assert headline(alerts) == title


@given(st.permutations([alert("A"), alert("B", "critical"), alert("C"), alert("C"), alert("D")]))
def test_the_title_does_not_hang_on_the_order(alerts: list[Alert]) -> None:
    assert headline(alerts) == "B, C and 2 more (5 alerts)"


def test_a_title_fits_and_keeps_its_count() -> None:
    title = headline([alert("x" * 500), alert("x" * 500)])
    assert len(title) == 200
    assert title.endswith("… (2 alerts)")


@pytest.mark.parametrize(
    ("alerts", "severity"),
    [
        ([], "unknown"),
        ([alert(severity="unknown")], "unknown"),
        ([alert(severity="info"), alert(severity="unknown")], "info"),
        ([alert(severity="info"), alert(severity="high"), alert(severity="warning")], "high"),
        ([alert(severity="critical", status="resolved"), alert(severity="info")], "info"),
        ([alert(severity="critical", status="resolved")], "critical"),
    ],
)
def test_the_severity_is_the_worst_of_what_fires(alerts: list[Alert], severity: Severity) -> None:
    assert worst(alerts) == severity


def test_the_catalogue_names_the_service_and_most_alerts_decide() -> None:
    alerts = [alert(fingerprint=str(n), app=app) for n, app in enumerate(["a", "b", "b", "c"])]
    (group,) = grouped(alerts, "k", 0, lambda found: found.labels["app"].replace("c", ""))
    assert group.service == "b"


def test_without_the_catalogue_the_hint_of_the_source_stays() -> None:
    hinted = [made("resolved", "1"), made("firing", "2").model_copy(update={"service": "cart"})]
    (group,) = grouped(hinted, "k", 0, nobody)
    assert group.service == "cart"


@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_one_alert_makes_the_group_that_several_would(
    status: Literal["firing", "resolved"],
) -> None:
    alone = alert(fingerprint="a").model_copy(update={"status": status, "service": "cart"})
    twice = grouped([alone, alone], "g", 0, lambda _: "")[0]
    (group,) = grouped([alone], "g", 0, lambda _: "")
    assert (group.title, group.severity, group.service) == (
        headline([alone]), twice.severity, twice.service
    )  # fmt: skip
    assert grouped([alone], "g", 0, lambda _: "shop")[0].service == "shop"
