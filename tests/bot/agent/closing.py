"""What replies look like, and how a test reads them in the closed world of `worlds.context`."""

import json

import pytest
from pydantic import JsonValue

from bot.agent.closed import ClosedWorld, InvalidStep
from bot.incident.steps import Step
from tests.bot.agent.worlds import SEEN, context

Json = dict[str, JsonValue]
FINDING: Json = {"claim": "v42 broke it.", "evidence": [SEEN[0]], "confidence": "high"}
ROLLBACK: Json = {"job": "rollback", "params": {"service": "checkout", "version": "v41"}}
CALLS: Json = {
    "kind": "call_tools",
    "calls": [
        {"diagnose": "errors"},
        {"tool": "changes_recent", "args": {"service": "payments-api", "window_s": 3600}},
        {"tool": "http_probe", "args": {"service": "checkout", "probe": "state"}},
        {"tool": "prometheus_query", "args": {"query": "up", "unit": ""}},
    ],
}
PROPOSE: Json = {
    "kind": "propose_action",
    "template": "rollback",
    "args": ROLLBACK,
    "reason": "v42 broke it.",
    "findings": [FINDING],
}
ASK: Json = {"kind": "ask_human", "question": "Were there migrations?", "options": ["Yes", "no"]}
CONCLUDE: Json = {
    "kind": "conclude",
    "outcome": "cause_found",
    "summary": "v42 broke it.",
    "findings": [FINDING],
}


def reply(step: object) -> str:
    return json.dumps({"step": step})


def call(tool: str, **args: JsonValue) -> Json:
    return {"kind": "call_tools", "calls": [{"tool": tool, "args": args}]}


def read(step: object, **changed: object) -> Step:
    return ClosedWorld(context(**changed)).read(reply(step))


def why(step: object, **changed: object) -> str:
    with pytest.raises(InvalidStep) as caught:
        read(step, **changed)
    return str(caught.value)
