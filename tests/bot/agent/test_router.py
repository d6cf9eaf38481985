"""Who investigates: the first rule of `routes.yaml` that fits, and how often that is right."""

from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest

import bot.agent
from bot.agent.router import Routed, route
from bot.incident.model import Alert, Change, Service
from bot.knowledge.routes import SPECIALISTS, Route, Routing, parse
from bot.settings import SHIPPED_RUNBOOKS
from tests.bot.agent.labelled_alerts import LABELLED, Row
from tests.bot.incident.making import T0, alert

CHECKOUT = Service(name="checkout", tier=1, kind="web")
PROMPTS = Path(bot.agent.__file__).with_name("prompts")
SHIPPED = parse("routes.yaml", (SHIPPED_RUNBOOKS / "routes.yaml").read_text())


def named(name: str, severity: str = "critical") -> Alert:
    made = alert("firing", "a1", alertname=name, severity=severity)
    return made.model_copy(update={"title": name})


def changed(
    minutes: float, kind: Literal["deploy", "config", "flag", "other"] = "deploy"
) -> tuple[Change, ...]:
    at = T0 - timedelta(minutes=minutes)
    return (Change(id="c1", source="ci", service="checkout", kind=kind, version="v42", at=at),)


def routed(*rules: Route, service: Service | None = CHECKOUT, minutes: float = 10) -> Routed:
    changes = changed(minutes)
    return route(Routing(rules=rules), (named("ErrorRateHigh"),), service, changes, T0)


def decided(row: Row) -> str:
    name, severity, kind, minutes, _ = row
    changes = changed(minutes, kind) if kind else ()
    return route(SHIPPED, (named(name, severity),), CHECKOUT, changes, T0).specialist


def test_vii_the_shipped_rules_send_nine_of_ten_labelled_alerts_to_the_right_specialist() -> None:
    wrong = [row for row in LABELLED if decided(row) != row[4]]
    accuracy = 1 - len(wrong) / len(LABELLED)
    assert len(LABELLED) >= 40
    assert accuracy >= 0.9, f"{accuracy:.0%}; wrong: {wrong}"


@pytest.mark.parametrize("label", ["generalist", "deploy_regression"])
def test_vii_neither_specialist_is_right_by_being_asked_always(label: str) -> None:
    own = [row for row in LABELLED if row[4] == label]
    assert len(own) / len(LABELLED) < 0.6
    assert sum(decided(row) == label for row in own) / len(own) >= 0.85


def test_vii_an_unknown_alert_goes_to_the_generalist() -> None:
    found = route(SHIPPED, (named("Nobody ever saw this"),), None, (), T0)
    assert found == Routed("generalist", "no rule of routes.yaml fits")
    assert route(Routing(), (), None, (), T0).why == "routes.yaml has no rule"


def test_iii_every_specialist_has_a_prompt_of_its_name() -> None:
    assert {*SPECIALISTS} <= {path.stem for path in PROMPTS.glob("*.md")}


def test_the_first_rule_that_fits_decides_and_says_why() -> None:
    first = Route(name="one", match=('alertname="Other"',))
    second = Route(
        name="two", specialist="deploy_regression", changed_within="30m", max_steps=6,
        tools=("changes_recent",),
    )  # fmt: skip
    third = Route(name="three")
    assert routed(first, second, third) == Routed(
        "deploy_regression",
        "rule 'two': the service changed 10 min before",
        ("changes_recent",),
        6,
    )
    assert routed(first, second, third, minutes=31).why == "rule 'three'"


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (Route(name="r", source="alertmanager"), True),
        (Route(name="r", source="grafana"), False),
        (Route(name="r", service="checkout"), True),
        (Route(name="r", service="payments"), False),
        (Route(name="r", kind="web"), True),
        (Route(name="r", kind="database"), False),
        (Route(name="r", tier_at_most=1), True),
        (Route(name="r", match=('service="checkout"', 'alertname=~"Error.*"')), True),
        (Route(name="r", match=('service="checkout"', 'alertname=~"Slow.*"')), False),
    ],
)
def test_every_condition_of_a_rule_must_hold(rule: Route, fits: bool) -> None:
    assert (routed(rule).why == "rule 'r'") is fits


def test_a_rule_about_a_service_fits_no_incident_without_one() -> None:
    assert routed(Route(name="r", tier_at_most=5), service=None).specialist == "generalist"
    plain = Service(name="checkout")
    assert routed(Route(name="r", tier_at_most=5), service=plain).why.startswith("no rule")


@pytest.mark.parametrize(("minutes", "fits"), [(-1, True), (-3, False), (60, True), (61, False)])
def test_a_change_counts_before_the_incident_and_within_the_time(
    minutes: float, fits: bool
) -> None:
    rule = Route(name="r", changed_within="60m")
    assert (routed(rule, minutes=minutes).why != "no rule of routes.yaml fits") is fits


def test_what_fires_counts_and_the_rest_only_when_nothing_fires() -> None:
    rule = Route(name="r", match=('alertname="Slow"',))
    calm = named("Slow").model_copy(update={"status": "resolved"})
    both = route(Routing(rules=(rule,)), (calm, named("Errors")), CHECKOUT, (), T0)
    assert both.why == "no rule of routes.yaml fits"
    assert route(Routing(rules=(rule,)), (calm,), CHECKOUT, (), T0).why == "rule 'r'"
