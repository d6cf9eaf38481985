"""The typed, bounded parameters a job declares, and what is wrong with a value given for one."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, JsonValue, StrictBool, StrictInt, StrictStr, model_validator

from bot.errors import ToolError
from bot.incident.model import Value
from tools.words import line

MAX_CHARS = 200
EXACT = 2**53 - 1
"""Integers beyond it are not exact in JSON."""

ParamValue = StrictStr | StrictBool | StrictInt
"""What a parameter may be; floats are refused, because they cannot be approved exactly."""


class Text(Value):
    """Text, bounded by what is allowed or by a pattern that must match all of it."""

    type: Literal["string"]
    enum: tuple[StrictStr, ...] = ()
    pattern: str = ""
    max_length: int = Field(default=MAX_CHARS, ge=1, le=MAX_CHARS)

    @model_validator(mode="after")
    def _bounded(self) -> "Text":
        if bool(self.enum) == bool(self.pattern):
            raise ValueError("give either enum (what is allowed) or pattern (what it looks like)")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"the pattern cannot be read: {error}") from None
        return self

    def problem(self, value: ParamValue) -> str:
        """Return what is wrong with the value, "" when nothing is."""
        if not isinstance(value, str):
            return "must be text"
        if self.enum and value not in self.enum:
            return f"must be one of {', '.join(self.enum)}"
        if len(value) > self.max_length:
            return f"may have at most {self.max_length} characters"
        if not value.isprintable():
            return "may hold no control characters"
        if self.pattern and not re.fullmatch(self.pattern, value):
            return f"must look like {self.pattern}"
        return ""

    def closed(self) -> dict[str, JsonValue]:
        """Return the JSON schema of the parameter."""
        if self.enum:
            return {"type": "string", "enum": list(self.enum)}
        return {"type": "string", "pattern": self.pattern, "maxLength": self.max_length}


class Integer(Value):
    """A whole number between two bounds, both included."""

    type: Literal["integer"]
    minimum: int = Field(strict=True, ge=-EXACT, le=EXACT)
    maximum: int = Field(strict=True, ge=-EXACT, le=EXACT)

    @model_validator(mode="after")
    def _ordered(self) -> "Integer":
        if self.minimum > self.maximum:
            raise ValueError("minimum is above maximum; swap them")
        return self

    def problem(self, value: ParamValue) -> str:
        """Return what is wrong with the value, "" when nothing is."""
        if isinstance(value, bool) or not isinstance(value, int):
            return "must be a whole number"
        if not self.minimum <= value <= self.maximum:
            return f"must be between {self.minimum} and {self.maximum}"
        return ""

    def closed(self) -> dict[str, JsonValue]:
        """Return the JSON schema of the parameter."""
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


class Flag(Value):
    """True or false."""

    type: Literal["boolean"]

    def problem(self, value: ParamValue) -> str:
        """Return what is wrong with the value, "" when nothing is."""
        return "" if isinstance(value, bool) else "must be true or false"

    def closed(self) -> dict[str, JsonValue]:
        """Return the JSON schema of the parameter."""
        return {"type": "boolean"}


Param = Annotated[Text | Integer | Flag, Field(discriminator="type")]


def check(job: str, declared: Mapping[str, Param], given: Mapping[str, ParamValue]) -> None:
    """Refuse parameters that are unknown, missing, or out of their declared bounds.

    Raises:
        ToolError: The first thing that is wrong, in words.
    """
    takes = ", ".join(declared) or "nothing"
    for name in given:
        if name not in declared:
            raise ToolError(line(f"job {job} knows no parameter {name!r}; it takes {takes}"))
    for name, param in declared.items():
        if name not in given:
            raise ToolError(line(f"job {job} needs the parameter {name!r}; it takes {takes}"))
        if wrong := param.problem(given[name]):
            raise ToolError(line(f"job {job}: {name} {wrong}"))


def closed(declared: Mapping[str, Param]) -> dict[str, JsonValue]:
    """Return the JSON schema of all parameters together; each is required, none may be added."""
    return {
        "type": "object",
        "properties": {name: param.closed() for name, param in declared.items()},
        "required": list(declared),
        "additionalProperties": False,
    }
