"""What may be given for a declared parameter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bot.errors import ToolError
from tools.write.job_param import Param, ParamValue, check, closed

PARAMS: dict[str, Param] = TypeAdapter(dict[str, Param]).validate_python(
    {
        "service": {"type": "string", "enum": ["checkout", "cart"]},
        "version": {"type": "string", "pattern": "v[0-9]+", "max_length": 6},
        "note": {"type": "string", "pattern": r"[\s\S]*"},
        "replicas": {"type": "integer", "minimum": 1, "maximum": 20},
        "wait": {"type": "boolean"},
    }
)
GOOD: dict[str, ParamValue] = {
    "service": "cart", "version": "v1", "note": "", "replicas": 20, "wait": False
}  # fmt: skip


def test_declared_parameters_in_their_bounds_are_taken() -> None:
    check("rollback", PARAMS, GOOD)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("service", "mail", "service must be one of checkout, cart"),
        ("service", 1, "service must be text"),
        ("service", True, "service must be text"),
        ("version", "v", "version must look like v"),
        ("version", "v1\n", "version may hold no control characters"),
        ("version", "v1 ", "version must look like"),
        ("version", "xv1", "version must look like"),
        ("version", "v123456", "version may have at most 6 characters"),
        ("note", "a\x1b[2J", "note may hold no control characters"),
        ("note", "a\u202eb", "note may hold no control characters"),
        ("note", "x" * 201, "note may have at most 200 characters"),
        ("replicas", 0, "replicas must be between 1 and 20"),
        ("replicas", 21, "replicas must be between 1 and 20"),
        ("replicas", "2", "replicas must be a whole number"),
        ("replicas", True, "replicas must be a whole number"),
        ("wait", 1, "wait must be true or false"),
        ("wait", "true", "wait must be true or false"),
        ("other", "x", "knows no parameter 'other'; it takes service, version"),
    ],
)
def test_e01_anything_else_is_refused_in_words(name: str, value: ParamValue, words: str) -> None:
    with pytest.raises(ToolError, match="job rollback") as caught:
        check("rollback", PARAMS, {**GOOD, name: value})
    assert words in str(caught.value)


@pytest.mark.parametrize("name", list(PARAMS))
def test_every_parameter_is_needed(name: str) -> None:
    given = {key: value for key, value in GOOD.items() if key != name}
    with pytest.raises(ToolError, match=f"needs the parameter '{name}'"):
        check("rollback", PARAMS, given)


@given(st.text() | st.integers() | st.booleans())
def test_e01_what_passes_is_what_was_declared(value: str | int | bool) -> None:
    for name, allowed in (("service", {"checkout", "cart"}), ("replicas", set(range(1, 21)))):
        try:
            check("rollback", PARAMS, {**GOOD, name: value})
        except ToolError:
            continue
        assert value in allowed
        assert not isinstance(value, bool)


def test_the_schema_is_closed() -> None:
    assert closed(PARAMS) == {
        "type": "object",
        "properties": {
            "service": {"type": "string", "enum": ["checkout", "cart"]},
            "version": {"type": "string", "pattern": "v[0-9]+", "maxLength": 6},
            "note": {"type": "string", "pattern": r"[\s\S]*", "maxLength": 200},
            "replicas": {"type": "integer", "minimum": 1, "maximum": 20},
            "wait": {"type": "boolean"},
        },
        "required": ["service", "version", "note", "replicas", "wait"],
        "additionalProperties": False,
    }
