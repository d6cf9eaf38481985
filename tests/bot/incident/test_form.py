"""The form of an edit: fields from a closed schema, and arguments from what was answered."""

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue
from pydantic import Field as Bounded

from bot.errors import InputError
from bot.incident.assignments import assignments
from bot.incident.form import Form, FormField, filled_in
from bot.incident.form_fields import FIELDS_MAX, LIST_MAX, form_fields
from tools.write.alertmanager import AlertmanagerSilence

SILENCE: dict[str, JsonValue] = {
    "matchers": [{"name": "alertname", "value": "Slow", "is_regex": False, "is_equal": True}],
    "duration_s": 3600,
    "comment": "INC-1: known",
}
JOBS: dict[str, JsonValue] = {
    "anyOf": [
        {
            "type": "object",
            "properties": {
                "job": {"type": "string", "enum": [job]},
                "params": {
                    "type": "object",
                    "properties": {name: {"enum": ["v40", "v41"]}},
                    "required": [name],
                    "additionalProperties": False,
                },
            },
            "additionalProperties": False,
        }
        for job, name in (("restart", "host"), ("rollback", "version"))
    ]
}
ROLLBACK: dict[str, JsonValue] = {"job": "rollback", "params": {"version": "v41"}}


def form(schema: dict[str, JsonValue], args: dict[str, JsonValue]) -> Form:
    return Form(
        proposal="7F3KQ2AB", revision=1, digest12="a" * 12, incident="INC-1", title="t",
        target="checkout", tool="job_run", args=args, fields=form_fields(schema, args),
    )  # fmt: skip


def silence() -> Form:
    return form(AlertmanagerSilence.model_json_schema(), SILENCE)


def kinds(fields: tuple[FormField, ...]) -> dict[str, str]:
    return {field.path: field.kind for field in fields}


def test_every_leaf_is_a_field_of_its_kind_in_the_schemas_order() -> None:
    fields = silence().fields
    assert list(kinds(fields).items()) == [
        ("matchers[0].name", "text"),
        ("matchers[0].value", "text"),
        ("matchers[0].is_regex", "yes_no"),
        ("matchers[0].is_equal", "yes_no"),
        ("duration_s", "number"),
        ("comment", "text"),
    ]
    length = fields[4]
    assert (length.value, length.least, length.most) == ("3600", 60, 86400)
    assert length.hint == "Seconds, at most a day."
    assert (fields[2].value, fields[3].value) == ("no", "yes")


def test_the_value_that_stands_decides_which_variant_is_meant() -> None:
    fields = form(JOBS, ROLLBACK).fields
    assert kinds(fields) == {"job": "select", "params.version": "select"}
    assert (fields[0].choices, fields[1].choices) == (("rollback",), ("v40", "v41"))


@pytest.mark.parametrize(
    "args", [{"job": "gone", "params": {}}, {"job": "rollback", "params": {"host": "v41"}}, {}]
)
def test_what_no_variant_describes_is_one_json_field(args: dict[str, JsonValue]) -> None:
    (field,) = form(JOBS, args).fields
    assert (field.path, field.kind, field.keys) == ("arguments", "json", ())
    assert json.loads(field.value) == args


class Odd(BaseModel):
    when: int | str
    open: dict[str, int]
    size: int | None = Bounded(default=None, ge=1)
    tags: list[str]
    share: float


def test_what_no_other_kind_can_hold_is_json() -> None:
    args: dict[str, JsonValue] = {
        "when": "5", "open": {"a": 1}, "size": None, "tags": [], "share": "0.5",
    }  # fmt: skip
    fields = form(cast("dict[str, JsonValue]", Odd.model_json_schema()), args)
    assert kinds(fields.fields) == {
        "when": "json", "open": "json", "size": "number", "tags": "json", "share": "json",
    }  # fmt: skip
    assert fields.fields[0].value == '"5"'
    size = fields.fields[2]
    assert (size.value, size.optional, size.least) == ("", True, 1)
    assert filled_in(fields, {"size": "", "when": "5"}) == {**args, "when": 5}
    assert filled_in(fields, {"size": "7", "tags": '["a"]'}) == {**args, "size": 7, "tags": ["a"]}


def test_a_long_list_and_too_many_fields_are_json() -> None:
    matchers = cast("list[JsonValue]", SILENCE["matchers"])
    long = form(
        AlertmanagerSilence.model_json_schema(), {**SILENCE, "matchers": matchers * (LIST_MAX + 1)}
    )
    assert kinds(long.fields)["matchers"] == "json"
    many = {f"p{number}": number for number in range(FIELDS_MAX + 1)}
    schema: dict[str, JsonValue] = {
        "type": "object",
        "properties": {name: {"type": "integer"} for name in many},
    }
    (whole,) = form(schema, dict(many)).fields
    assert whole.kind == "json"
    assert filled_in(form(schema, dict(many)), {"arguments": '{"p0": 1}'}) == {"p0": 1}


def test_only_what_is_answered_changes() -> None:
    made = filled_in(silence(), {"duration_s": " 60 ", "matchers[0].is_regex": "Yes"})
    assert made["duration_s"] == 60
    assert made["matchers"] == [
        {"name": "alertname", "value": "Slow", "is_regex": True, "is_equal": True}
    ]
    assert (made["comment"], SILENCE["duration_s"]) == (SILENCE["comment"], 3600)


def test_a28_the_last_part_of_a_name_is_enough_where_it_means_one_field() -> None:
    assert filled_in(form(JOBS, ROLLBACK), {"version": "v40"}) == {
        "job": "rollback",
        "params": {"version": "v40"},
    }
    two = silence().model_copy(update={"fields": silence().fields * 2})
    with pytest.raises(InputError, match="there is no argument 'value'"):
        filled_in(two, {"value": "Fast"})


def test_a_whole_list_may_be_written_as_json() -> None:
    made = filled_in(silence(), {"matchers": "[]"})
    assert made["matchers"] == []


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        ({"duration_s": "an hour"}, "duration_s: write a whole number"),
        ({"duration_s": "59"}, "duration_s: must be at least 60"),
        ({"duration_s": "86401"}, "duration_s: must be at most 86400"),
        ({"matchers[0].is_equal": "maybe"}, "matchers[0].is_equal: answer yes or no"),
        ({"matchers[1].name": "x"}, "there is no argument 'matchers[1].name'; there are: matchers"),
        ({"matchers": "[{]"}, "matchers: this is not JSON"),
        ({"matchers": "[" * 5000}, "matchers: this is not JSON"),
        ({"matchers": "[]", "matchers[0].name": "x"}, "changed in the same edit"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(texts: dict[str, str], why: str) -> None:
    with pytest.raises(InputError) as error:
        filled_in(silence(), texts)
    assert why in str(error.value)


def test_a_choice_outside_the_list_is_refused() -> None:
    with pytest.raises(InputError, match=r"params.version: must be one of v40, v41"):
        filled_in(form(JOBS, ROLLBACK), {"params.version": "v42"})
    with pytest.raises(InputError, match="must be a JSON object"):
        filled_in(form(JOBS, {}), {"arguments": "[]"})


leaves = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=9)
trees: st.SearchStrategy[JsonValue] = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=9,
)


def described(value: JsonValue) -> dict[str, JsonValue]:
    """A closed schema that holds for this value."""
    match value:
        case dict():
            return {
                "type": "object",
                "properties": {name: described(item) for name, item in value.items()},
                "additionalProperties": False,
            }
        case list():
            same = all(described(item) == described(value[0]) for item in value)
            return {"type": "array", "items": described(value[0]) if value and same else {}}
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case str():
            return {"type": "string"}
        case _:
            return {}


@given(st.dictionaries(st.text(max_size=5), trees, max_size=4))
def test_e09_a_form_that_is_sent_back_untouched_changes_nothing(
    args: dict[str, JsonValue],
) -> None:
    shown = form(described(args), args)
    untouched = {field.path: field.value for field in shown.fields}
    if len(untouched) == len(shown.fields):
        assert filled_in(shown, untouched) == args


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("version=v40", {"version": "v40"}),
        (" a=1  b=\"two words\" c='x=y' ", {"a": "1", "b": "two words", "c": "x=y"}),
        ("a=\u201ctwo words\u201d b=", {"a": "two words", "b": ""}),
        ('m=[{"name": "a b"}] n={"x": 1}', {"m": '[{"name": "a b"}]', "n": '{"x": 1}'}),
        ("matchers[0].name=job", {"matchers[0].name": "job"}),
    ],
)
def test_a28_words_behind_an_edit_are_read(text: str, found: dict[str, str]) -> None:
    assert assignments(text) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "what shall be changed?"),
        ("version", "'version' is no name=value"),
        ("version = v40", "is no name=value"),
        ('a="x', "a quote does not end"),
        ('a="x"y', "a blank is missing after the value of a"),
        ("a=[1", "this is not JSON"),
        ("a=1 a=2", "a is given twice"),
    ],
)
def test_a28_what_is_no_assignment_is_said(text: str, why: str) -> None:
    with pytest.raises(InputError) as error:
        assignments(text)
    assert why in str(error.value)
