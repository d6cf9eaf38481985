"""What is on the two shelves, and what every declaration keeps."""

import subprocess
import sys
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from bot.shelf import Tool
from tests.peers import free_port
from tests.tools.fixtures import needs, reading
from tools.read import READ_TOOLS, prometheus_query
from tools.write import ACTIONS

ALL = [*READ_TOOLS.values(), *ACTIONS.values()]
GOOD: Mapping[str, dict[str, JsonValue]] = {
    "prometheus_query": {"query": "up"},
    "prometheus_range": {"query": "up", "minutes": 5},
    "http_probe": {"service": "checkout", "probe": "state"},
    "changes_recent": {"service": "checkout"},
    "alertmanager_silences": {"comment_contains": "x"},
    "alertmanager_silence": {
        "matchers": [{"name": "alertname", "value": "A"}],
        "duration_s": 60,
        "comment": "x",
    },
    "job_run": {"job": "rollback", "params": {"version": "v1", "replicas": 2, "now": True}},
}

every_tool = pytest.mark.parametrize("tool", ALL, ids=lambda tool: tool.name)


def test_the_shelves_hold_what_part_one_names() -> None:
    actions = {"alertmanager_silence", "job_run"}
    assert set(READ_TOOLS) >= set(GOOD) - actions
    assert set(ACTIONS) >= actions


@every_tool
def test_a_declaration_says_what_it_is(tool: Tool) -> None:
    assert tool.kind == ("action" if tool.name in ACTIONS else "read")
    assert tool.version == "1"
    assert 40 < len(tool.description) < 400
    assert tool.facts
    assert tool.args.model_config.get("extra") == "forbid"


@every_tool
def test_e01_arguments_are_bounded_and_closed(tool: Tool) -> None:
    schema = tool.args.model_json_schema()
    assert schema["additionalProperties"] is False
    for name, field in schema["properties"].items():
        bounded = {"maxLength", "maximum", "maxItems", "maxProperties"} & set(field)
        assert bounded, f"{tool.name}.{name} has no bound"


@every_tool
@given(name=st.text(min_size=1), value=st.text() | st.integers())
def test_e01_an_unknown_argument_is_refused(tool: Tool, name: str, value: JsonValue) -> None:
    good = GOOD[tool.name]
    tool.args.model_validate(good)
    if name not in tool.args.model_fields:
        with pytest.raises(ValidationError):
            tool.args.model_validate({**good, name: value})


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("prometheus_query", "query", ""),
        ("prometheus_query", "query", "x" * 2001),
        ("prometheus_range", "minutes", 0),
        ("prometheus_range", "minutes", 1441),
        ("prometheus_range", "minutes", "5"),
        ("changes_recent", "window_s", 1),
        ("alertmanager_silence", "duration_s", 59),
        ("alertmanager_silence", "duration_s", 86401),
        ("alertmanager_silence", "duration_s", 60.5),
        ("alertmanager_silence", "comment", ""),
        ("alertmanager_silence", "comment", "x" * 501),
        ("alertmanager_silence", "comment", "two\nlines"),
        ("alertmanager_silence", "matchers", []),
        ("alertmanager_silence", "matchers", [{"name": "a", "value": "b"}] * 11),
        ("alertmanager_silence", "matchers", [{"name": "a-b", "value": "b"}]),
        ("alertmanager_silence", "matchers", [{"name": "a", "value": "b", "x": 1}]),
        ("alertmanager_silence", "matchers", [{"name": "a", "value": "b", "is_regex": 1}]),
        ("job_run", "params", {"replicas": 1.5}),
        ("job_run", "params", {"replicas": 1.0}),
        ("job_run", "params", {"replicas": None}),
        ("job_run", "params", {"replicas": [1]}),
    ],
)
def test_e01_a_value_out_of_bounds_is_refused(name: str, field: str, value: JsonValue) -> None:
    tool = {**READ_TOOLS, **ACTIONS}[name]
    with pytest.raises(ValidationError):
        tool.args.model_validate({**GOOD[name], field: value})


def test_looking_loads_nothing_that_acts() -> None:
    code = "import sys, tools.read; print([m for m in sys.modules if m.startswith('tools.write')])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


async def test_a_closed_port_is_an_address_nobody_answers_at() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    async with reading(prometheus_query, needs(secrets={"PROMETHEUS_URL": url})) as look:
        with pytest.raises(Exception, match="prometheus: cannot connect") as caught:
            await look(query="up")
    assert getattr(caught.value, "sent", None) is False
