"""From a tool's JSON schema to a closed, strict one: every key required, names known. Pure.

Strict is what constrained decoders take: no `oneOf`, no default, no open object. What has a default
is chosen all the same; what has none is nullable, and null means that it is left out.
"""

from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue

from bot.incident.json_schema import INVENTORY, Schema, as_schema, referred

OMIT = "x-omit"
"""Marks what null leaves out; it is not part of what a model is shown."""
NULL: dict[str, JsonValue] = {"type": "null"}
DEPTH = 8
BRANCHES = 20
CHOICES = 50
ITEMS = 20
TEXT_CHARS = 2000
NUMBER = 10**15
DESCRIPTION_CHARS = 60
SCALARS = frozenset({"string", "integer", "number", "boolean", "null"})
_SHOWN = frozenset({
    "type", "enum", "required", "additionalProperties", "description", "$ref",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems",
})  # fmt: skip

Known = Mapping[str, tuple[str, ...]]
"""Names that exist, by kind; a kind that is absent is not known, an empty one has none."""


def strict(schema: Schema, known: Known) -> dict[str, JsonValue] | None:
    """Return the schema closed over what is known; None when nothing can fit it, or it is open.

    Lengths and patterns stay in it, for whoever validates; `published` takes them out.
    """
    return _strict(schema, schema, known, 0)


def published(schema: Schema) -> dict[str, JsonValue]:
    """Return a strict schema as a model is sent it: only keywords that every decoder takes."""
    made: dict[str, JsonValue] = {}
    for key, value in schema.items():
        if key in {"properties", "$defs"}:
            made[key] = {
                name: published(as_schema(inner)) for name, inner in as_schema(value).items()
            }
        elif key == "items":
            made[key] = published(as_schema(value))
        elif key == "anyOf" and isinstance(value, list):
            made[key] = [published(as_schema(one)) for one in value]
        elif key in _SHOWN:
            made[key] = value
    return made


def pruned(value: JsonValue, schema: Schema) -> JsonValue:
    """Return a value that fits the schema without the keys that null leaves out."""
    if isinstance(value, list):
        return [pruned(item, as_schema(schema.get("items"))) for item in value]
    if not isinstance(value, dict):
        return value
    left: set[str] = set()
    members: dict[str, Schema] = {}
    for branch in (schema, *branches(schema)):
        for name, inner in as_schema(branch.get("properties")).items():
            members[name] = as_schema(inner)
            if members[name].get(OMIT):
                left.add(name)
    return {
        name: pruned(item, members.get(name, {}))
        for name, item in value.items()
        if item is not None or name not in left
    }


def branches(schema: Schema) -> list[Schema]:
    """Return the choices of an `anyOf` (or `oneOf`); empty when there is none."""
    found = schema.get("anyOf") or schema.get("oneOf")
    return [as_schema(one) for one in found] if isinstance(found, list) else []


def an_object(properties: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the strict schema of an object with exactly these members."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def one_of(values: list[JsonValue]) -> dict[str, JsonValue]:
    """Return the schema of exactly these texts, or of exactly these whole numbers or flags."""
    first = values[0]
    kind = "boolean" if isinstance(first, bool) else "string" if isinstance(first, str) else ""
    return {"type": kind or "integer", "enum": values}


def _strict(node: Schema, root: Schema, known: Known, depth: int) -> dict[str, JsonValue] | None:
    node = referred(node, root)
    if depth > DEPTH:
        return None
    made = _shape(node, root, known, depth)
    told = node.get("description")
    short = isinstance(told, str) and len(told) <= DESCRIPTION_CHARS
    if made is not None and short and depth and "enum" not in made:
        made["description"] = told
    return made


def _shape(node: Schema, root: Schema, known: Known, depth: int) -> dict[str, JsonValue] | None:
    types = node.get("type")
    if choices := branches(node) or _each(node):
        marked = {INVENTORY: node[INVENTORY]} if INVENTORY in node else {}
        return _either([_strict({**marked, **one}, root, known, depth + 1) for one in choices])
    if "const" in node or "enum" in node or types == "string":
        return _text(node, known) if types in {"string", None} else _scalar(node)
    match types:
        case "object":
            return _members(node, root, known, depth)
        case "array" if isinstance(node.get("items"), dict):
            inner = _strict(as_schema(node["items"]), root, known, depth + 1)
            bounds = _kept(node, "minItems")
            most = node.get("maxItems")
            bounds["maxItems"] = min(most, ITEMS) if isinstance(most, int) else ITEMS
            return None if inner is None else {"type": "array", "items": inner, **bounds}
        case str() if types in SCALARS:
            return _scalar(node)
        case _:
            return None


def _each(node: Schema) -> list[Schema]:
    types = node.get("type")
    return [{**node, "type": kind} for kind in types] if isinstance(types, list) else []


def _either(made: list[dict[str, JsonValue] | None]) -> dict[str, JsonValue] | None:
    found = [one for one in made if one is not None][:BRANCHES]
    if len(found) < 2:
        return found[0] if found else None
    return {"anyOf": cast("list[JsonValue]", found)}


def _members(node: Schema, root: Schema, known: Known, depth: int) -> dict[str, JsonValue] | None:
    properties, required = as_schema(node.get("properties")), node.get("required")
    must = required if isinstance(required, list) else []
    if not properties and node.get("additionalProperties", True) is not False:
        return None  # an open object holds names that nobody knows
    made: dict[str, JsonValue] = {}
    for name, inner in properties.items():
        closed = _strict(as_schema(inner), root, known, depth + 1)
        if name in must and closed is None:
            return None
        if closed is not None:
            spare = name not in must and as_schema(inner).get("default") is None
            made[name] = _nullable(closed) if spare else closed
    return an_object(made)


def _nullable(closed: dict[str, JsonValue]) -> dict[str, JsonValue]:
    told = {"description": closed.pop("description")} if "description" in closed else {}
    choices = cast("list[JsonValue]", branches(closed) or [closed])
    return {"anyOf": [one for one in choices if one != NULL] + [dict(NULL)], OMIT: True, **told}


def _text(node: Schema, known: Known) -> dict[str, JsonValue] | None:
    given = [node["const"]] if "const" in node else node.get("enum")
    allowed = given if isinstance(given, list) else None
    kind = node.get(INVENTORY)
    if isinstance(kind, str) and kind in known:
        names = list[JsonValue](known[kind])
        if allowed is not None:
            names = [name for name in names if name in allowed]
        elif not node.get("minLength"):
            names = ["", *names]
        allowed = names
    if allowed is not None:
        texts: list[JsonValue] = [one for one in allowed if isinstance(one, str)]
        return one_of(list(dict.fromkeys(texts))[:CHOICES]) if texts else None
    most = node.get("maxLength")
    limit = min(most, TEXT_CHARS) if isinstance(most, int) else TEXT_CHARS
    return {"type": "string", "maxLength": limit, **_kept(node, "minLength", "pattern")}


def _scalar(node: Schema) -> dict[str, JsonValue]:
    made: dict[str, JsonValue] = {"type": node["type"]}
    if isinstance(given := node.get("enum"), list):
        made["enum"] = given[:CHOICES]
    elif "const" in node:
        made["enum"] = [node["const"]]
    if node["type"] in {"integer", "number"}:
        made |= _kept(node, "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    return made


def _kept(node: Schema, *names: str) -> dict[str, JsonValue]:
    return {name: node[name] for name in names if name in node}
