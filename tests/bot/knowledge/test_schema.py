from typing import Literal

import pytest
from pydantic import Field, JsonValue

from bot.incident.model import Value
from bot.knowledge.schema import misfits


class Inner(Value):
    name: str = Field(pattern=r"^[a-z]+$")


class Args(Value):
    query: str = Field(min_length=2, max_length=5)
    minutes: int = Field(default=5, ge=1, le=60)
    share: float = Field(default=0, gt=0, lt=1)
    mode: Literal["a", "b"] = "a"
    inner: tuple[Inner, ...] = Field(default=(), max_length=1)
    params: dict[str, str | int] = Field(default_factory=dict)
    fixed: Literal["x"] = "x"


SCHEMA = Args.model_json_schema()


@pytest.mark.parametrize(
    "args",
    [
        {"query": "up"},
        {"query": "${service} and more", "minutes": "${a.b}"},
        {"query": "up", "minutes": 60, "share": 0.5, "mode": "b", "inner": [{"name": "x"}]},
        {"query": "up", "params": {"a": "x", "b": 1, "c": "${d.e}"}},
    ],
)
def test_what_fits_says_nothing(args: JsonValue) -> None:
    assert misfits(args, SCHEMA) == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({}, "args: query is missing"),
        ({"query": 5}, "query: must be a string"),
        ({"query": "u"}, "query: needs at least 2 characters"),
        ({"query": "uuuuuu"}, "query: holds at most 5 characters"),
        ({"query": "up", "minute": 5}, "minute: is not an argument; there are query, minutes"),
        ({"query": "up", "minutes": 0}, "minutes: must be at least 1"),
        ({"query": "up", "minutes": 61}, "minutes: must be at most 60"),
        ({"query": "up", "minutes": True}, "minutes: must be an integer"),
        ({"query": "up", "share": 0}, "share: must be more than 0"),
        ({"query": "up", "share": 1}, "share: must be less than 1"),
        ({"query": "up", "mode": "c"}, "mode: must be one of a, b"),
        ({"query": "up", "fixed": "y"}, "fixed: must be one of x"),
        ({"query": "up", "inner": "${a.b}"}, "inner: a fill is one value, here stands an array"),
        ({"query": "up", "inner": [{"name": "X"}]}, "inner[0].name: must match ^[a-z]+$"),
        ({"query": "up", "inner": [{"name": "x"}] * 2}, "inner: holds at most 1 items"),
        ({"query": "up", "params": {"a": None}}, "params.a: must be a"),
    ],
)
def test_what_does_not_fit_is_named(args: JsonValue, words: str) -> None:
    assert words in "\n".join(misfits(args, SCHEMA))
