from typing import cast

import pytest
from pydantic import BaseModel, ConfigDict, JsonValue

from bot.agent.llm.closed_schema import check_closed
from tests.bot.agent.llm.asking import SCHEMA


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    oneOf: str  # noqa: N815 - a property may be called like a keyword
    why: str | None


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    several: list[Inner]


def test_a_strict_schema_passes_and_so_does_one_that_pydantic_makes() -> None:
    check_closed(SCHEMA)
    check_closed(cast("dict[str, JsonValue]", Outer.model_json_schema()))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "array"}, "the root is no object"),
        ({"additionalProperties": True}, "the root allows other properties"),
        ({"required": []}, "the root has properties that are not required"),
        ({"properties": {"step": {"oneOf": [{"type": "string"}]}}}, "step has oneOf"),
        ({"properties": {"step": {"type": "string", "default": "a"}}}, "step has default"),
        (
            {"properties": {"step": {"type": "array", "items": {"type": "object"}}}},
            "items allows other properties",
        ),
        ({"$defs": {"Odd": {"anyOf": [{"type": "object"}]}}}, "anyOf allows other properties"),
    ],
)
def test_f04_what_a_provider_would_not_enforce_is_a_bug(
    change: dict[str, JsonValue], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        check_closed({**SCHEMA, **change})
