"""Contexts at every stage of one investigation, and the closed schema a model would be sent."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from pydantic import JsonValue

from bot.agent.exchange import Prompt
from bot.agent.prompt import render
from bot.agent.prompt_files import read_prompts
from bot.agent.window import Room
from bot.incident.context import (
    Answered,
    Context,
    Denial,
    Proposed,
    Remark,
    Result,
    ToolOffer,
)
from bot.incident.model import (
    ActionTemplate,
    Change,
    Diagnose,
    Finding,
    Observation,
    Runbook,
    Service,
    Similar,
    Value,
)
from bot.incident.steps import CallTools, Conclude, ToolCall
from tests.bot.incident.making import T0, alert, at
from tools.read.changes import ChangesRecent
from tools.read.http_probe import HttpProbe
from tools.read.prometheus import PrometheusQuery, PrometheusRange

LARGE = Room(200_000, 1.3)
PROMPTS = read_prompts()
READS: Mapping[str, tuple[type[Value], str]] = {
    "changes_recent": (ChangesRecent, "Lists recent deploys, config and flag changes."),
    "http_probe": (HttpProbe, "Reads one probe of a service over HTTP."),
    "prometheus_query": (PrometheusQuery, "Evaluates one PromQL expression now."),
    "prometheus_range": (PrometheusRange, "Evaluates one PromQL expression over minutes."),
}
OFFERS = tuple(
    ToolOffer(name, told, args.model_json_schema(), "read") for name, (args, told) in READS.items()
)
RUNBOOK = Runbook(
    name="error-rate",
    title="Error rate",
    path="error-rate.md",
    digest="d" * 64,
    text="# Error rate\n\nLook at the deploys first.\n\n1. Is it one endpoint?\n2. Is a need down?",
    diagnose=(
        Diagnose(id="deploys", tool="changes_recent", args={"service": "${service}"}),
        Diagnose(id="state", tool="http_probe", args={"service": "${service}", "probe": "state"}),
    ),
    actions=(
        ActionTemplate(
            id="rollback",
            tool="job_run",
            args={"job": "rollback", "version": "${deploys.latest_previous}"},
            reason="the errors began with ${deploys.latest_version}",
        ),
    ),
)
LOOK: dict[str, JsonValue] = {"service": "checkout", "probe": "state"}
DEPLOYS = Result(
    "deploys",
    "changes_recent",
    {"service": "checkout", "window_s": 86400},
    "1f0c5b7a9d3e2468",
    "1 change of checkout: v42, 42 min ago",
    (
        Observation(name="count", value=1),
        Observation(name="latest_version", value="v42"),
        Observation(name="latest_age_s", value=2520, unit="s"),
    ),
    at=at(8),
)
FAILED = Result("state", "http_probe", LOOK, "", "", (), error="no answer in 5 s", at=at(9))
PROBED = Result(
    "state",
    "http_probe",
    LOOK,
    "ab12cd34ef560798",
    "checkout state: HTTP 500 in 31 ms; pool exhausted",
    (Observation(name="status", value=500), Observation(name="took_ms", value=31, unit="ms")),
    at=at(21),
)


def fresh() -> Context:
    """An alert just came in, and all that is known without asking anybody."""
    fired = alert(severity="critical").model_copy(
        update={"annotations": {"summary": "5 % of the requests of checkout fail"}}
    )
    return Context(
        incident="INC-7",
        title="CheckoutErrorRateHigh",
        severity="critical",
        alerts=(fired, alert("firing", "f2", instance="web-2")),
        service=Service(
            name="checkout",
            owner="team-shop",
            tier=1,
            environment="demo",
            dependencies=("orders", "payments"),
            probes={"state": "http://127.0.0.1:1/state"},
        ),
        runbook=RUNBOOK,
        results=(),
        proposed=(),
        answers=(),
        messages=(),
        inventory={"services": ("checkout", "orders"), "versions": ("v42", "v41")},
        extra={},
        tools=OFFERS,
        suggestion=CallTools(calls=(ToolCall(tool="http_probe", args=LOOK, key="state"),)),
        changes=(
            Change(
                id="c1",
                source="github",
                service="checkout",
                version="v42",
                previous="v41",
                by="alice",
                at=T0 - timedelta(minutes=42),
                title="Faster totals",
            ),
        ),
        similar=(
            Similar(
                incident="INC-2",
                title="CheckoutErrorRateHigh",
                at=T0 - timedelta(days=3),
                conclusion="v37 broke the totals",
                action="job_run rollback",
                outcome="succeeded",
            ),
        ),
        missing=("no dashboard in services.yaml",),
        specialist="generalist",
        opened_at=T0,
        at=at(2),
        seed="delivery/1",
    )


def midway() -> Context:
    """Two results, one of which failed first, and a word of a human."""
    return replace(
        fresh(),
        results=(DEPLOYS, FAILED, PROBED),
        messages=(Remark("dana", "it began at noon", at=at(12)),),
        at=at(22),
        remaining=8,
    )


def denied() -> Context:
    """A human said no, and answered a question."""
    no = Denial(("oncall",), "not during the sale, ends at 5")
    args: dict[str, JsonValue] = {"job": "rollback", "version": "v41"}
    return replace(
        midway(),
        proposed=(Proposed("rollback", "job_run", args, "denied", no.reason, no, at(40)),),
        answers=(Answered("Is the sale on?", "yes", at(33)),),
        suggestion=Conclude(summary="v42 is to be rolled back; it was denied."),
        at=at(41),
        remaining=6,
    )


def asked() -> Context:
    """A human's question began this run."""
    question = Remark("erin", "what changed since noon?", question=True, at=at(300))
    said = (*denied().messages, question)
    stands = replace(
        denied().standing,
        status="open",
        firing=1,
        alerts=2,
        acked_by="dana",
        called="level 1: dana",
        conclusion="v42 broke the totals; rolling back was denied.",
        by="planner",
        findings=(Finding(claim="errors began with v42", evidence=("1f0c5b7a9d3e2468",)),),
        judged="right",
    )
    asking = replace(denied(), question=question, messages=said, suggestion=None, at=at(301))
    return replace(asking, standing=stands)


def refused() -> Context:
    """The last reply was no Step of this world."""
    return replace(midway(), repair="step.calls: 1 to 4 reads at once, not 6", remaining=1)


def schema(context: Context) -> dict[str, JsonValue]:
    """A closed schema such as a model is sent: its size and shape, not its exact words."""
    claim = _object(claim=_TEXT, evidence=_list(_ids(context)), confidence=_one_of("low", "high"))
    calls = [
        _object(tool=_one_of(offer.name), args=_closed(context, offer.args_schema))
        for offer in context.tools
    ]
    kinds: list[JsonValue] = [
        _object(kind=_one_of("call_tools"), calls=_list({"anyOf": cast("JsonValue", calls)})),
        _object(kind=_one_of("propose_action"), template=_one_of("rollback"), reason=_TEXT),
        _object(kind=_one_of("ask_human"), question=_TEXT, options=_list(_TEXT)),
        _object(kind=_one_of("conclude"), summary=_TEXT, outcome=_one_of("cause_found", "answered"),
                findings=_list(claim)),
    ]  # fmt: skip
    return _object(step={"anyOf": kinds})


def prompt(context: Context, room: Room = LARGE, specialist: str = "generalist") -> Prompt:
    """The rendered prompt of a context; the schema is that of the whole investigation."""
    return render(context, PROMPTS.style(specialist), SCHEMA, room)


def planted(value: Any, make: Callable[[], str]) -> Any:  # noqa: ANN401 - any value there is
    """The value with every text in it, names of maps included, replaced by what `make` gives."""
    match value:
        case str():
            return make()
        case tuple():
            return tuple(planted(one, make) for one in cast("tuple[Any, ...]", value))
        case dict():
            pairs = cast("dict[str, Any]", value).items()
            return {f"{make()}{n}": planted(one, make) for n, (_, one) in enumerate(pairs)}
        case Value():
            return value.model_copy(
                update={
                    name: planted(getattr(value, name), make) for name in type(value).model_fields
                }
            )
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
            return replace(value, **{name: planted(one, make) for name, one in fields.items()})
        case _:
            return value


def everything() -> Context:
    """A context none of whose texts is empty, but the incident's id, the seed and the tools."""
    full = replace(denied(), question=asked().question, standing=asked().standing, repair="mend it")
    found = Finding(claim="v42 broke it", evidence=("1f0c5b7a9d3e2468",))
    return replace(full, suggestion=Conclude(summary="x", findings=(found,)))


_TEXT: dict[str, JsonValue] = {"type": "string"}


def _object(**members: JsonValue) -> dict[str, JsonValue]:
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def _one_of(*names: str) -> dict[str, JsonValue]:
    return {"type": "string", "enum": list(names)}


def _list(items: JsonValue) -> dict[str, JsonValue]:
    return {"type": "array", "items": items}


def _ids(context: Context) -> dict[str, JsonValue]:
    return _one_of(*(one.evidence for one in context.results if one.evidence))


def _closed(context: Context, args: Mapping[str, JsonValue]) -> JsonValue:
    properties = cast("dict[str, dict[str, JsonValue]]", args["properties"])
    known = {"service": context.inventory.get("services", ()), "probe": ("state",)}
    return _object(**{
        name: _one_of(*known[name]) if name in known else {
            key: one for key, one in field.items() if key in {"type", "description", "minimum"}
        }
        for name, field in properties.items()
    })  # fmt: skip


SCHEMA = schema(everything())
