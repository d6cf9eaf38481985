"""What reading a JSON Schema needs: a schema of any value, and what a `$ref` names. Pure."""

from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue

Schema = Mapping[str, JsonValue]
INVENTORY = "inventory"
"""The key of an argument's schema that says which kind of the inventory it names."""
REFERENCES = 16
"""A chain of `$ref` is followed so far and no farther."""


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
