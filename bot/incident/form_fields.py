"""The fields of a form, from a tool's closed JSON schema and the arguments as they are. Pure."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from bot.incident.form import FieldKind, FormField, Keys, path_of, shown
from bot.incident.json_schema import Schema, as_schema, referred

FIELDS_MAX = 24
"""With more of them a form is no help: all arguments are one JSON field then."""
LIST_MAX = 6
"""A longer list is one JSON field."""
DEPTH_MAX = 4
KINDS: Mapping[str, FieldKind] = {"string": "text", "integer": "number", "boolean": "yes_no"}
PYTHON: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
    "object": (dict,), "array": (list,), "null": (type(None),),
}  # fmt: skip


class _Unfit(Exception):  # noqa: N818 - never leaves this file
    """A value that its schema does not describe: only JSON can hold it."""


def form_fields(schema: Schema, args: dict[str, JsonValue]) -> tuple[FormField, ...]:
    """Return the fields in the schema's order; all arguments as one JSON field where none fit.

    The value that stands decides which variant of a schema is meant, so a closed schema with one
    variant a job gives the fields of that job, and its name as the only option.
    """
    try:
        found = tuple(_fields(schema, args, (), schema))
    except _Unfit:
        found = ()
    if found and len(found) <= FIELDS_MAX:
        return found
    return (_field("json", args, ()),)


def _fields(schema: Schema, value: JsonValue, keys: Keys, root: Schema) -> Iterator[FormField]:
    schema, optional = _resolved(schema, value, root)
    if isinstance(value, dict) and _is_group(schema, value) and len(keys) < DEPTH_MAX:
        known = as_schema(schema.get("properties"))
        for name, inner in known.items():
            if name in value:
                yield from _fields(as_schema(inner), value[name], (*keys, name), root)
    elif isinstance(value, list) and 0 < len(value) <= LIST_MAX and len(keys) < DEPTH_MAX:
        for place, item in enumerate(value):
            yield from _fields(as_schema(schema.get("items")), item, (*keys, place), root)
    else:
        yield _leaf(schema, value, keys, optional=optional)


def _is_group(schema: Schema, value: dict[str, JsonValue]) -> bool:
    """True when every part of the value has a description of its own."""
    known = as_schema(schema.get("properties"))
    return bool(value) and set(value) <= set(known)


def _leaf(schema: Schema, value: JsonValue, keys: Keys, *, optional: bool) -> FormField:
    hint = schema.get("description")
    told = hint if isinstance(hint, str) else ""
    options = _options(schema)
    if options:
        made = _field("select", value, keys).model_copy(update={"options": tuple(options)})
    else:
        kind = KINDS.get(str(schema.get("type")), "json")
        least, most = ("minLength", "maxLength") if kind == "text" else ("minimum", "maximum")
        pattern = schema.get("pattern")
        made = _field(kind, value, keys).model_copy(
            update={
                "least": _bound(schema.get(least)),
                "most": _bound(schema.get(most)),
                "pattern": pattern if isinstance(pattern, str) else "",
            }
        )
    return made.model_copy(update={"hint": told, "optional": optional})


def _field(kind: FieldKind, value: JsonValue, keys: Keys) -> FormField:
    path = path_of(keys)
    return FormField(path=path, keys=keys, label=path, kind=kind, value=shown(value, kind))


def _options(schema: Schema) -> list[JsonValue]:
    found = schema.get("enum")
    if isinstance(found, list):
        return found
    return [schema["const"]] if "const" in schema else []


def _bound(value: JsonValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _resolved(schema: Schema, value: JsonValue, root: Schema) -> tuple[Schema, bool]:
    """Return the one variant that describes `value`, and whether nothing would do as well.

    Raises:
        _Unfit: The value is none of the variants.
    """
    schema = referred(schema, root)
    variants = schema.get("anyOf") or schema.get("oneOf")
    if not isinstance(variants, list):
        return schema, False
    known = [referred(as_schema(one), root) for one in variants]
    real = [one for one in known if one.get("type") != "null"]
    optional = len(real) < len(known)
    if value is None and optional and len(real) == 1:
        return real[0], True
    if not optional and len(real) > 1 and all(_is_scalar(one) for one in real):
        return {}, False  # text or number as it may be: only JSON says which
    fitting = [one for one in real if _fits(one, value, root)]
    if not fitting:
        raise _Unfit
    return fitting[0], optional


def _is_scalar(schema: Schema) -> bool:
    return schema.get("type") in {"string", "integer", "number", "boolean"} and not _options(schema)


def _fits(schema: Schema, value: JsonValue, root: Schema) -> bool:
    """True when kinds, names and closed choices agree, as deep as they go; bounds are not asked."""
    schema = referred(schema, root)
    variants = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(variants, list):
        return any(_fits(as_schema(one), value, root) for one in variants)
    options = _options(schema)
    if (options and value not in options) or not _is_kind(value, str(schema.get("type"))):
        return False
    return not isinstance(value, dict) or _fits_group(schema, value, root)


def _is_kind(value: JsonValue, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean" or name not in PYTHON
    return isinstance(value, PYTHON.get(name, (object,)))


def _fits_group(schema: Schema, value: dict[str, JsonValue], root: Schema) -> bool:
    known = as_schema(schema.get("properties"))
    if schema.get("additionalProperties") is False and not set(value) <= set(known):
        return False
    both = set(value) & set(known)
    return all(_fits(as_schema(known[name]), value[name], root) for name in both)
