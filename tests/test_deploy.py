"""Alert rules and dashboard under deploy/ are sound, and ask only for what the bot shows."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from bot import telemetry
from bot.incident.alarms import TITLES
from bot.knowledge.library import gather
from bot.knowledge.match import choose_runbook
from bot.settings import SHIPPED_RUNBOOKS
from bot.telemetry import exposition
from tests.bot.knowledge.situations import an_alert
from tests.peers import peer

ROOT = Path(__file__).parent.parent
RULES = ROOT / "deploy/prometheus/triagebot.rules.yml"
RULES_TEST = ROOT / "deploy/prometheus/triagebot.rules.test.yml"
DASHBOARD = ROOT / "deploy/grafana/triagebot.json"
SEVERITIES = {"critical", "high", "warning"}
SCRAPED = {"instance", "job", "le"}
"""Labels that Prometheus adds, and that of a histogram's buckets."""
SELECTOR = re.compile(r"\b(triage_[a-z_]+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
GROUPED = re.compile(r"\bby \(([^)]*)\)")
SHOWN = re.compile(r"\{\{ ?\$?(?:labels\.)?(\w+) ?\}\}")


class Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")

    alert: str
    expr: str
    lasts: str = Field(default="", alias="for")
    labels: dict[str, str]
    annotations: dict[str, str]


class Target(BaseModel):
    expr: str
    legend: str = Field(alias="legendFormat")


class Panel(BaseModel):
    title: str
    type: str
    description: str = ""
    config: dict[str, JsonValue] = Field(default={}, alias="fieldConfig")
    targets: list[Target] = []


class RuleGroup(BaseModel):
    rules: list[Rule]


class RuleFile(BaseModel):
    groups: list[RuleGroup]


def rules() -> list[Rule]:
    file = RuleFile.model_validate(yaml.safe_load(RULES.read_text()))
    return [rule for group in file.groups for rule in group.rules]


def panels() -> list[Panel]:
    found = TypeAdapter(list[Panel]).validate_python(json.loads(DASHBOARD.read_text())["panels"])
    return [panel for panel in found if panel.type != "row"]


def families() -> dict[str, set[str]]:
    """Return what /metrics answers with: the name of every family and its labels."""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", exposition().decode(), re.MULTILINE))
    labels = {name: set[str]() for name in kinds}
    for one in vars(telemetry).values():
        if isinstance(one, MetricWrapperBase):
            (family,) = one.describe()
            name = family.name + ("_total" if family.type == "counter" else "")
            labels[name] = set(vars(one)["_labelnames"])
    return labels


def asked(expression: str) -> Iterator[tuple[str, set[str]]]:
    for name, matchers in SELECTOR.findall(expression):
        yield re.sub(r"_(bucket|sum|count)$", "", name), set(MATCHER.findall(matchers))


def faults(expression: str) -> list[str]:
    """Return every metric and label of an expression that the bot does not show."""
    known, found, there = families(), list[str](), set(SCRAPED)
    for name, labels in asked(expression):
        if name not in known:
            found.append(f"no metric {name}")
            continue
        there |= known[name]
        found += [f"{name} has no label {label}" for label in labels - known[name] - SCRAPED]
    grouped = {label.strip() for part in GROUPED.findall(expression) for label in part.split(",")}
    return found + [f"nothing is labelled {label}" for label in grouped - there]


EXPRESSIONS = [
    *(pytest.param(rule.expr, id=rule.alert) for rule in rules()),
    *(
        pytest.param(target.expr, id=f"{panel.title}: {target.legend}")
        for panel in panels()
        for target in panel.targets
    ),
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_g10_what_is_asked_for_is_on_the_meter(expression: str) -> None:
    assert "triage_" in expression or 'up{job="triagebot"}' in expression
    assert faults(expression) == []


def test_g10_the_look_at_expressions_finds_what_is_wrong() -> None:
    assert faults("rate(triage_nothing_total[5m])") == ["no metric triage_nothing_total"]
    assert faults('triage_queue_depth{route="a"}') == ["triage_queue_depth has no label route"]
    assert faults("sum by (person) (triage_queue_depth)") == ["nothing is labelled person"]


def test_g10_the_series_of_the_rules_test_are_on_the_meter() -> None:
    series = re.findall(r"series: '(triage_[^']*)'", RULES_TEST.read_text())
    assert len(series) > 20
    assert [fault for one in series for fault in faults(one)] == []


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.alert) for rule in rules()])
def test_an_alert_says_what_is_wrong_how_bad_it_is_and_what_to_read(rule: Rule) -> None:
    assert rule.labels["severity"] in SEVERITIES
    assert rule.labels["service"] == "triagebot"
    path = ROOT / rule.annotations["runbook"]
    assert path.is_file()
    shown = set(SHOWN.findall(rule.annotations["summary"])) - {"value"}
    assert shown <= set().union(*(families().get(name, set()) for name, _ in asked(rule.expr))) | {
        "instance"
    }
    found, _ = choose_runbook(shipped(), (an_alert(rule.alert),), None)
    assert found is not None
    assert found.path == path.name


def shipped():
    return gather({path.name: path.read_bytes() for path in SHIPPED_RUNBOOKS.iterdir()}).runbooks


@pytest.mark.parametrize("name", TITLES)
def test_d09_what_the_bot_says_of_itself_has_a_runbook_and_a_rule(name: str) -> None:
    assert name in {rule.alert for rule in rules()}
    found, _ = choose_runbook(shipped(), (an_alert(name),), None)
    assert found is not None
    assert found.name.startswith("triagebot-")


def test_promtool_finds_no_fault_in_the_rules() -> None:
    run = subprocess.run(
        [peer("promtool"), "check", "rules", str(RULES)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_promtool_sees_each_alert_fire_and_keep_still() -> None:
    run = subprocess.run(
        [peer("promtool"), "test", "rules", RULES_TEST.name],
        cwd=RULES_TEST.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    tried = set(re.findall(r"alertname: (\w+)", RULES_TEST.read_text()))
    assert tried == {rule.alert for rule in rules()}


def test_g10_the_dashboard_shows_rate_errors_duration_saturation_and_approvals() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    rows = [panel["title"] for panel in dashboard["panels"] if panel["type"] == "row"]
    assert rows == ["Now", "Rate", "Errors", "Duration", "Saturation", "Approvals"]
    identifiers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(identifiers)) == len(identifiers)
    shown = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in shown} == {"${datasource}"}


@pytest.mark.parametrize("panel", [pytest.param(panel, id=panel.title) for panel in panels()])
def test_a_panel_has_a_title_a_unit_a_sentence_and_a_query(panel: Panel) -> None:
    assert panel.title
    assert panel.description.endswith(".")
    defaults = panel.config["defaults"]
    assert isinstance(defaults, dict)
    assert defaults["unit"]
    assert panel.targets
    for target in panel.targets:
        shown = set(SHOWN.findall(target.legend))
        grouped = {one.strip() for part in GROUPED.findall(target.expr) for one in part.split(",")}
        assert shown <= grouped | {"instance"}
