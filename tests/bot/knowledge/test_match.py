import json
from pathlib import Path
from typing import cast

import pytest

from bot.incident.model import Alert, Link, Runbook, Service
from bot.knowledge.match import choose_runbook, labels_of
from bot.knowledge.runbook import parse
from tests.bot.knowledge.situations import CHECKOUT, a_runbook, an_alert


def linked(url: str, title: str = "Odd") -> Alert:
    return an_alert(title).model_copy(update={"annotations": {"runbook_url": url}})


def chosen(*runbooks: Runbook, alert: Alert, service: Service | None = None) -> str:
    found, why = choose_runbook(runbooks, (alert,), service)
    assert why
    return found.name if found else ""


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/runbooks/disk-full",
        "https://example.org/runbooks/Disk_Full.md",
        "https://example.org/runbooks/diskfull/",
        "https://example.org/runbooks/disk%20full.html?x=1",
        "https://example.org/all.md#alert-name-diskfull",
        "disk-full.md",
    ],
)
def test_the_alerts_link_decides(url: str) -> None:
    runbooks = (a_runbook("match: ['alertname=~\".*\"']", "any"), a_runbook(name="disk-full"))
    assert chosen(*runbooks, alert=linked(url)) == "disk-full"


def test_a_link_may_name_the_title() -> None:
    runbook = a_runbook(name="rb-17", body="# Disk full")
    assert chosen(runbook, alert=linked("https://example.org/DiskFull")) == "rb-17"


def test_a_link_of_the_alert_counts_when_it_says_runbook() -> None:
    alert = an_alert("Odd").model_copy(
        update={"links": (Link(title="Runbook", url="https://example.org/disk-full"),)}
    )
    assert chosen(a_runbook(name="disk-full"), alert=alert) == "disk-full"


def test_most_matchers_win_and_then_the_name() -> None:
    one = a_runbook("match: ['severity=\"critical\"']", "a")
    two = a_runbook("match: ['severity=\"critical\"', 'alertname=~\"H.*\"']", "z")
    same = a_runbook("match: ['severity=\"critical\"', 'alertname=\"HighErrorRate\"']", "b")
    assert chosen(one, two, alert=an_alert()) == "z"
    assert chosen(two, same, one, alert=an_alert()) == "b"


def test_all_matchers_must_hold_for_one_alert() -> None:
    runbook = a_runbook("match: ['alertname=\"A\"', 'zone=\"x\"']")
    alerts = (an_alert("A", zone="y"), an_alert("B", zone="x"))
    assert choose_runbook((runbook,), alerts, None)[0] is None


def test_matchers_see_title_and_severity_where_labels_are_silent() -> None:
    alert = an_alert("T").model_copy(update={"labels": {}, "service": "shop"})
    assert labels_of(alert) == {"alertname": "T", "severity": "critical", "service": "shop"}
    assert labels_of(an_alert("T", severity="page"))["severity"] == "page"


def test_a_runbook_of_a_service_needs_that_service() -> None:
    runbook = a_runbook("service: checkout\nmatch: ['severity=\"critical\"']")
    assert chosen(runbook, alert=an_alert()) == ""
    assert chosen(runbook, alert=an_alert(), service=CHECKOUT) == "errors"


@pytest.mark.parametrize(
    ("name", "alert", "fits"),
    [
        ("high-error-rate", "HighErrorRate", True),
        ("HighErrorRate", "high error rate", True),
        ("error-rate", "CheckoutErrorRateHigh", True),
        ("disk", "DiskFull", True),
        ("disk", "DiskettesEverywhere", False),
        ("error-rate", "ErrorBudgetRate", False),
        ("http", "HTTPErrors", True),
    ],
)
def test_a_name_fits_by_whole_words(name: str, alert: str, fits: bool) -> None:
    assert chosen(a_runbook(name=name, body="text"), alert=an_alert(alert)) == name * fits


def test_the_equal_name_wins_over_the_longer_likeness() -> None:
    runbooks = (a_runbook(name="error-rate", body="x"), a_runbook(name="team/CheckoutErrorRate"))
    assert chosen(*runbooks, alert=an_alert("CheckoutErrorRate")) == "team/CheckoutErrorRate"


def test_the_services_own_runbook_is_the_last_resort() -> None:
    runbook = a_runbook("service: checkout", "all-of-checkout", "x")
    assert chosen(runbook, alert=an_alert(), service=CHECKOUT) == "all-of-checkout"
    assert chosen(runbook, alert=an_alert(), service=Service(name="other")) == ""


def test_firing_alerts_are_asked_before_resolved_ones() -> None:
    runbooks = (a_runbook(name="A"), a_runbook(name="B"))
    alerts = (an_alert("A", status="resolved"), an_alert("B"))
    found, why = choose_runbook(runbooks, alerts, None)
    assert found is not None
    assert (found.name, why) == ("B", "its name fits the alert's: B")


def test_no_runbook_says_what_was_looked_for() -> None:
    assert choose_runbook((), (an_alert(),), None)[1] == (
        "there is no runbook in the knowledge folder"
    )
    alert = linked("https://example.org/gone", "Odd")
    assert choose_runbook((a_runbook(),), (alert,), None) == (
        None,
        (
            "none of 1 runbooks fits Odd (it links to https://example.org/gone, "
            "which is not in the folder)"
        ),
    )


def test_order_of_the_folder_changes_nothing() -> None:
    runbooks = [a_runbook("match: ['severity=\"critical\"']", name) for name in "cab"]
    names = {chosen(*order, alert=an_alert()) for order in (runbooks, runbooks[::-1])}
    assert names == {"a"}


def test_public_runbooks_parse_and_are_found_by_link_and_by_name() -> None:
    shared = next(
        (place for up in Path(__file__).parents if (place := up / "shared/data").is_dir()), None
    )
    if shared is None:
        pytest.skip("the folder of recorded material is not here")
    folder = shared / "runbooks"
    runbooks = [
        parse(str(path.relative_to(folder).with_suffix("")), str(path.relative_to(folder)), text)
        for path in folder.rglob("*.md")
        if (text := path.read_text())
    ]
    right = {"link": 0, "name": 0}
    pairs = (shared / "rules/alert_runbook_pairs.jsonl").read_text().splitlines()
    for pair in pairs:
        row = cast("dict[str, object]", json.loads(pair))
        good = [row["runbook"], *cast("list[object]", row["also_acceptable"])]
        named, url = an_alert(str(row["alert"])), str(row["runbook_url"])
        for way, alert in (("link", linked(url)), ("name", named)):
            found, _ = choose_runbook(runbooks, (alert,), None)
            right[way] += found is not None and found.path in good
    assert right["link"] == len(pairs)
    assert right["name"] >= 0.95 * len(pairs)
