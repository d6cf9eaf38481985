"""The shipped knowledge folder: what it says, what it finds, and that its examples are true."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import tools.read
import tools.write
from bot.incident.model import Runbook
from bot.incident.steps import ProposeAction
from bot.knowledge import catalog, lint, people, policy_file, reach, routes
from bot.knowledge.library import Knowledge, gather
from bot.knowledge.match import choose_runbook
from bot.knowledge.planner import choose
from bot.settings import SHIPPED_RUNBOOKS
from bot.shelf import Tool, shelf
from tests.bot.knowledge.situations import (
    CHECKOUT,
    a_context,
    a_result,
    an_alert,
    keys,
    question,
    seen,
    told,
)
from tools.write.job_file import parse as parse_jobs

SECTIONS = ("## Meaning", "## Impact", "## Diagnosis", "## Mitigation")


def shipped() -> Knowledge:
    return gather({path.name: path.read_bytes() for path in SHIPPED_RUNBOOKS.iterdir()})


def shipped_runbook(name: str) -> Runbook:
    return next(known for known in shipped().runbooks if known.name == name)


def example(name: str) -> str:
    """What stands commented out below the line `# Example:`."""
    _, _, commented = Path(SHIPPED_RUNBOOKS, name).read_text().partition("# Example:\n")
    return "\n".join(line.removeprefix("# ") for line in commented.splitlines())


def test_a_fresh_install_is_read_only() -> None:
    knowledge = shipped()
    assert knowledge.policy.rules == ()
    assert knowledge.jobs == []
    assert knowledge.catalogue.services == ()


def test_the_runbooks_fit_the_tools_there_are() -> None:
    declared = {**shelf(vars(tools.read), Tool), **shelf(vars(tools.write), Tool)}
    menu = {
        name: lint.ToolInfo(tool.kind, tool.args.model_json_schema(), tool.facts)
        for name, tool in declared.items()
    }
    knowledge = shipped()
    assert [book.name for book in knowledge.runbooks] == [
        "bad-deploy", "disk", "error-rate", "latency", "triagebot-channel", "triagebot-checkpoint",
        "triagebot-down", "triagebot-drift", "triagebot-knowledge", "triagebot-log",
        "triagebot-queue", "triagebot-refused", "triagebot-silent", "triagebot-unknown",
    ]  # fmt: skip
    assert lint.problems(knowledge.runbooks, menu, knowledge.jobs) == []
    for book in knowledge.runbooks:
        assert [line for line in book.text.splitlines() if line in SECTIONS] == list(SECTIONS)
    jobs = parse_jobs(yaml.safe_load(example("jobs.yaml")))
    raw = gather({"jobs.yaml": example("jobs.yaml").encode()}).jobs
    assert [job.name for job in jobs] == ["rollback"]
    assert lint.problems(knowledge.runbooks, menu, raw) == []


def test_the_commented_examples_are_true() -> None:
    services = catalog.parse("services.yaml", example("services.yaml"))
    known = people.parse("people.yaml", example("people.yaml"))
    policy = policy_file.parse("policy.yaml", example("policy.yaml"))
    chosen = routes.parse("routes.yaml", example("routes.yaml"))
    assert services.get("checkout") is not None
    assert [(rule.name, rule.within_s) for rule in chosen.rules] == [("databases", 7200)]
    assert chosen.allow.lets_use("evidence_read")
    assert not chosen.allow.lets_name("orders-db")
    assert len(known.in_group("sre")) == 2
    assert [rule.allow for rule in policy.rules] == [False, True, True, True]
    assert reach.unreachable(policy, known) == []


@pytest.mark.parametrize(
    ("alert", "name"),
    [
        ("CheckoutErrorRateHigh", "error-rate"),
        ("HTTP 5xx ratio above 5%", "error-rate"),
        ("ErrorBudgetBurn", "error-rate"),
        ("BadDeploy", "bad-deploy"),
        ("CanaryFailing", "bad-deploy"),
        ("KubeDeploymentReplicasMismatch", ""),
        ("HighRequestLatency", "latency"),
        ("p99 above objective", "latency"),
        ("SlowQueries", "latency"),
        ("NodeFilesystemSpaceFillingUp", "disk"),
        ("DiskFull", "disk"),
        ("KubePersistentVolumeFillingUp", "disk"),
        ("NodeFilesystemAlmostOutOfFiles", "disk"),
        ("HostOutOfInodes", "disk"),
        ("CertificateExpiry", ""),
        ("NodeClockSkewDetected", ""),
    ],
)
def test_well_known_alerts_find_their_runbook(alert: str, name: str) -> None:
    found, _ = choose_runbook(shipped().runbooks, (an_alert(alert),), None)
    assert (found.name if found else "") == name


ERRORS = a_result("errors", value=8.0)
HOUR = a_result("errors_hour", first=0.1, change_ratio=80.0)
DEPLOY = a_result(
    "deploys",
    count=1,
    latest_version="v42",
    latest_previous="v41",
    latest_age_s=120,
    latest_by="dana",
    latest_kind="deploy",
)


def test_errors_after_a_deploy_lead_to_the_rollback() -> None:
    context = a_context(shipped_runbook("error-rate"))
    assert keys(choose(context)) == ["errors", "errors_hour", "requests_hour", "deploys"]
    step = choose(seen(context, ERRORS, HOUR, a_result("requests_hour"), DEPLOY))
    assert isinstance(step, ProposeAction)
    params = {"service": "checkout", "version": "v41"}
    assert (step.tool, step.args) == ("job_run", {"job": "rollback", "params": params})


def test_errors_without_a_cause_are_asked_about_after_every_look() -> None:
    context = seen(
        a_context(shipped_runbook("error-rate")),
        ERRORS,
        HOUR,
        a_result("requests_hour", change_ratio=1.0),
        a_result("deploys", count=0),
    )
    assert keys(choose(context)) == ["instances"]
    context = seen(context, a_result("instances", series=2, max=8.0, min=8.0))
    assert "the errors of checkout" in question(choose(context))


def test_a_human_may_ask_for_the_rollback_when_numbers_do_not() -> None:
    context = seen(
        a_context(shipped_runbook("bad-deploy")),
        DEPLOY,
        a_result("errors", value=1.5),
        a_result("errors_then", first=1.5, change_ratio=1.0),
        a_result("p99_then", last=0.2, change_ratio=1.0),
    )
    asked = question(choose(context))
    assert isinstance(choose(told(context, asked, "roll it back")), ProposeAction)
    assert not isinstance(choose(told(context, asked, "keep watching")), ProposeAction)


def test_a_disk_is_looked_at_without_a_service_and_nothing_is_proposed() -> None:
    book = shipped_runbook("disk")
    assert book is not None
    assert book.actions == ()
    context = a_context(book, service=None)
    labelled = an_alert("DiskFull", instance="db:9100", mountpoint="/var/lib")
    step = choose(replace(context, alerts=(labelled,)))
    assert keys(step) == ["free", "inodes", "hours_left", "read_only"]
    assert "(unknown) on shop:8000" in question(choose(context))


def test_a_percentile_of_nearly_no_traffic_leads_to_a_silence_of_just_that_alert() -> None:
    context = a_context(shipped_runbook("latency"), CHECKOUT)
    context = replace(context, alerts=(an_alert("HighLatency", service="checkout"),))
    step = choose(seen(context, a_result("requests", last=0.02)))
    assert isinstance(step, ProposeAction)
    assert step.tool == "alertmanager_silence"
    assert step.args["matchers"] == [
        {"name": "alertname", "value": "HighLatency", "is_regex": False, "is_equal": True},
        {"name": "service", "value": "checkout", "is_regex": False, "is_equal": True},
    ]
