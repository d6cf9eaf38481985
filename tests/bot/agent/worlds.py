"""A context as an incident has it: shipped tools, a runbook with a rollback, two looks taken."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import JsonValue

from bot.incident.context import Context, Result, ToolOffer
from bot.incident.model import Observation, Runbook, Service
from bot.knowledge.runbook import parse
from bot.shelf import Tool
from tests.bot.incident.making import alert
from tests.tools.fixtures import needs
from tools.read import READ_TOOLS
from tools.write import ACTIONS

SEEN = ("3f1c9a7b5d2e4f60", "a0b1c2d3e4f50617")
PROBE = "https://shop.example.org/health"
FILES: dict[str, JsonValue] = {
    "services.yaml": {
        "services": [
            {"name": "checkout", "probes": {"health": PROBE, "state": PROBE}},
            {"name": "payments-api", "probes": {"health": PROBE}},
        ]
    },
    "jobs.yaml": {
        "jobs": [
            {
                "name": "rollback",
                "title": "Roll back {service} to {version}",
                "url": "https://deploy.example.org/rollback",
                "auth": "bearer",
                "secret": "JOB_TOKEN",
                "params": {
                    "service": {"type": "string", "enum": ["checkout", "payments-api"]},
                    "version": {"type": "string", "pattern": "^v[0-9]{1,6}$"},
                },
                "service_param": "service",
                "target": "{service}",
                "risk": "medium",
                "preview": "none",
                "undo": "irreversible",
                "verify": [
                    {
                        "title": "healthy",
                        "tool": "http_probe",
                        "args": {"service": "{service}", "probe": "health"},
                        "expect": {"fact": "ok", "value": True},
                    }
                ],
            }
        ]
    },
}
RUNBOOK = """---
title: Bad deploy
diagnose:
  - id: deploys
    tool: changes_recent
    args: {service: "${service}", window_s: 86400}
  - id: errors
    tool: prometheus_query
    args: {unit: "%", query: "rate(errors_total{service='${service}'}[5m])"}
outcomes:
  - name: broken
    when: {fact: errors.value, op: ge, value: 2}
    conclude: It broke.
    propose: rollback
actions:
  - id: rollback
    tool: job_run
    args:
      job: rollback
      params: {service: "${service}", version: "${deploys.latest_previous}"}
    reason: It broke.
---
# Bad deploy
"""
INVENTORY: dict[str, tuple[str, ...]] = {
    "services": ("checkout", "payments-api"),
    "versions": ("v42", "v41", "v40"),
    "probes": ("health", "state"),
    "jobs": ("rollback",),
    "deployments": ("shop-checkout",),
}


def offers(files: Mapping[str, JsonValue] | None = None) -> tuple[ToolOffer, ...]:
    """Return every shipped tool as an install with these files offers it."""
    given = needs(files=dict(FILES if files is None else files))
    tools: list[Tool] = [*READ_TOOLS.values(), *ACTIONS.values()]
    return tuple(
        ToolOffer(
            tool.name,
            tool.description,
            tool.args.model_json_schema() if tool.schema is None else tool.schema(given),
            tool.kind,
        )
        for tool in tools
    )


def runbook(text: str = RUNBOOK) -> Runbook:
    return parse("bad-deploy", "bad-deploy.md", text)


def result(key: str, tool: str, evidence: str, **facts: str | float) -> Result:
    kept = tuple(Observation(name=name, value=value) for name, value in facts.items())
    return Result(key, tool, {}, evidence, "as seen", kept)


def context(**changed: object) -> Context:
    """Return an incident of the checkout after two looks, with every tool offered."""
    made = Context(
        incident="INC-1",
        title="CheckoutErrorRateHigh",
        severity="critical",
        alerts=(alert("firing", "a1", service="checkout", evil="prod-database"),),
        service=Service(name="checkout", environment="production"),
        runbook=runbook(),
        results=(
            result("deploys", "changes_recent", SEEN[0], latest_previous="v41", count=1),
            result("", "http_probe", SEEN[1], ok=0),
        ),
        proposed=(),
        answers=(),
        messages=(),
        inventory=INVENTORY,
        extra={},
        tools=offers(),
    )
    return replace(made, **changed)
