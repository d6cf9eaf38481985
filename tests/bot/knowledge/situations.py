"""Alerts, contexts and runbooks the tests of this folder start from."""

from dataclasses import replace

from pydantic import JsonValue

from bot.incident.context import Answered, Context, Proposed, Result, ToolOffer
from bot.incident.model import Alert, Observation, Runbook, Service
from bot.incident.steps import AskHuman, CallTools, ProposeAction, Step, ToolCall
from bot.knowledge import runbook

CHECKOUT = Service(name="checkout", environment="demo")


def an_alert(title: str = "HighErrorRate", status: str = "firing", **labels: str) -> Alert:
    return Alert.model_validate(
        {
            "source": "alertmanager",
            "fingerprint": title,
            "status": status,
            "title": title,
            "severity": "critical",
            "service": "",
            "labels": {"alertname": title} | labels,
            "annotations": {},
            "starts_at": None,
            "ends_at": None,
        }
    )


def a_runbook(yaml: str = "", name: str = "errors", body: str = "# Errors\n") -> Runbook:
    header = f"---\n{yaml}\n---\n" if yaml else ""
    return runbook.parse(name, f"{name}.md", header + body)


def a_context(book: Runbook | None, service: Service | None = CHECKOUT) -> Context:
    return Context(
        incident="INC-1",
        title="HighErrorRate",
        severity="critical",
        alerts=(an_alert(instance="shop:8000"),),
        service=service,
        runbook=book,
        results=(),
        proposed=(),
        answers=(),
        messages=(),
        inventory={},
        extra={},
    )


def a_result(key: str, error: str = "", **facts: str | float | bool | None) -> Result:
    return Result(
        key=key,
        tool="prometheus_query",
        args={},
        evidence=f"e-{key}",
        summary=f"{key} was seen",
        facts=tuple(Observation(name=name, value=value) for name, value in facts.items()),
        error=error,
    )


def seen(context: Context, *results: Result) -> Context:
    return replace(context, results=(*context.results, *results))


def told(context: Context, question: str, value: str | None) -> Context:
    return replace(context, answers=(*context.answers, Answered(question, value)))


def proposed(context: Context, template: str, status: str, why: str = "") -> Context:
    past = Proposed(template, "job_run", {}, status, why)
    return replace(context, proposed=(*context.proposed, past))


def offered(context: Context, *names: str) -> Context:
    offers = tuple(ToolOffer(name, "", {}, "read") for name in names)
    return replace(context, tools=offers)


def calls(step: Step) -> tuple[ToolCall, ...]:
    assert isinstance(step, CallTools), step
    return step.calls


def keys(step: Step) -> list[str]:
    return [call.key for call in calls(step)]


def question(step: Step) -> str:
    assert isinstance(step, AskHuman), step
    return step.question


def action(step: Step) -> tuple[str, dict[str, JsonValue]]:
    assert isinstance(step, ProposeAction), step
    return step.tool, step.args
