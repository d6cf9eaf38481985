"""Whether arguments fit a tool's JSON schema, as far as they are literal; no general validator."""

import re
from collections.abc import Iterator, Mapping
from typing import cast

from pydantic import JsonValue

from bot.incident.json_schema import LIMITS, Schema, as_schema, is_of_type, referred
from bot.knowledge import fills


def misfits(value: JsonValue, schema: Schema) -> list[str]:
    """Return what does not fit, each with its place; empty when all literal parts fit.

    A text with a `${…}` fill fits wherever a scalar may stand. Knows the keywords pydantic writes:
    $ref, anyOf, type, enum, const, bounds, lengths, pattern, properties, items.
    """
    return list(_misfits("", value, schema, schema))


def _misfits(place: str, value: JsonValue, schema: Schema, root: Schema) -> Iterator[str]:
    schema = referred(schema, root)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(choices, list):
        tried = [list(_misfits(place, value, as_schema(choice), root)) for choice in choices]
        if all(tried):
            yield from min(tried, key=len)
        return
    types = _types(schema)
    if isinstance(value, str) and fills.wanted(value):
        if types and types <= {"object", "array"}:
            yield f"{place or 'args'}: a fill is one value, here stands {_either(types)}"
        return
    if types and not any(is_of_type(value, name) for name in types):
        yield f"{place or 'args'}: must be {_either(types)}"
        return
    yield from _scalar(place, value, schema)
    if isinstance(value, dict):
        yield from _members(place, value, schema, root)
    if isinstance(value, list):
        yield from _size(place, len(value), schema, "Items", "items")
        for index, item in enumerate(value):
            yield from _misfits(f"{place}[{index}]", item, as_schema(schema.get("items")), root)


def _members(
    place: str, value: Mapping[str, JsonValue], schema: Schema, root: Schema
) -> Iterator[str]:
    known = as_schema(schema.get("properties"))
    others = schema.get("additionalProperties", True)
    required = schema.get("required")
    for name in required if isinstance(required, list) else []:
        if name not in value:
            yield f"{place or 'args'}: {name} is missing"
    for name, item in value.items():
        inner = f"{place}.{name}".lstrip(".")
        if name in known:
            yield from _misfits(inner, item, as_schema(known[name]), root)
        elif others is False:
            yield f"{inner}: is not an argument; there are {', '.join(known) or 'none'}"
        else:
            yield from _misfits(inner, item, as_schema(others), root)


def _scalar(place: str, value: JsonValue, schema: Schema) -> Iterator[str]:
    allowed = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
    if isinstance(allowed, list) and value not in allowed:
        yield f"{place}: must be one of {', '.join(map(str, allowed))}"
    if isinstance(value, str):
        yield from _size(place, len(value), schema, "Length", "characters")
        pattern = schema.get("pattern")
        if isinstance(pattern, str) and not re.search(pattern, value):
            yield f"{place}: must match {pattern}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        for keyword, holds, words in LIMITS:
            limit = schema.get(keyword)
            if isinstance(limit, int | float) and not holds(value, limit):
                yield f"{place}: must be {words} {limit}"


def _size(place: str, size: int, schema: Schema, keyword: str, words: str) -> Iterator[str]:
    least, most = schema.get(f"min{keyword}"), schema.get(f"max{keyword}")
    if isinstance(least, int) and size < least:
        yield f"{place}: needs at least {least} {words}"
    if isinstance(most, int) and size > most:
        yield f"{place}: holds at most {most} {words}"


def _types(schema: Schema) -> set[str]:
    found = schema.get("type")
    return {found} if isinstance(found, str) else set(cast("list[str]", found or []))


def _either(types: set[str]) -> str:
    return " or ".join(f"{'an' if name[0] in 'aeio' else 'a'} {name}" for name in sorted(types))
