"""What reading a JSON Schema needs: a `$ref` followed, a type told, a number's limits. Pure."""

import operator
from collections.abc import Callable, Mapping
from typing import cast

from pydantic import JsonValue

Schema = Mapping[str, JsonValue]
INVENTORY = "inventory"
"""The key of an argument's schema that says which kind of the inventory it names."""
REFERENCES = 16
"""A chain of `$ref` is followed so far and no farther."""
LIMITS: tuple[tuple[str, Callable[[float, float], bool], str], ...] = (
    ("minimum", operator.ge, "at least"),
    ("maximum", operator.le, "at most"),
    ("exclusiveMinimum", operator.gt, "more than"),
    ("exclusiveMaximum", operator.lt, "less than"),
)
"""Keywords that bound a number: the keyword, what holds of value and limit, and its words."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}


def as_schema(value: JsonValue) -> Schema:
    """Return the value if it is an object, else the schema that says nothing."""
    return cast("Schema", value) if isinstance(value, dict) else {}


def referred(schema: Schema, root: Schema) -> Schema:
    """Return what a schema says once its `$ref` into the root's `$defs` is followed."""
    for _ in range(REFERENCES):
        target = schema.get("$ref")
        if not isinstance(target, str):
            return schema
        schema = as_schema(as_schema(root.get("$defs")).get(target.rsplit("/", 1)[-1]))
    return schema


def is_of_type(value: JsonValue, name: str) -> bool:
    """Tell whether a value is of this type of JSON Schema; `true` is no number."""
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES.get(name, ()))
