"""A form to edit a proposal's arguments: what a channel draws, and how answers become arguments."""

import json
from collections.abc import Iterator, Mapping
from typing import Literal, cast

from pydantic import JsonValue

from bot.errors import InputError
from bot.incident.leaves import PLAIN_KEY, leaf_words
from bot.incident.model import Value

Keys = tuple[str | int, ...]
"""The way to a value: names in groups, places in lists."""
FieldKind = Literal["text", "number", "yes_no", "select", "json"]
YES_NO: Mapping[str, bool] = {
    "yes": True, "true": True, "y": True, "no": False, "false": False, "n": False,
}  # fmt: skip
WHOLE = "arguments"
"""The path of the one field that holds all arguments as JSON, where there are no others."""


class FormField(Value):
    """One thing that can be changed. `value` is what it is now, in the words of its kind.

    `path` names it (`params.version`, `matchers[0].name`), and `keys` is the way there. A `select`
    takes one of `options`; `least` and `most` bound a number, or the characters of a text (None: no
    bound). `optional`: left empty, it is nothing. Kind `json` is any JSON, for what no other kind
    can hold.
    """

    path: str
    keys: Keys
    label: str
    kind: FieldKind
    value: str
    options: tuple[JsonValue, ...] = ()
    least: int | None = None
    most: int | None = None
    pattern: str = ""
    optional: bool = False
    hint: str = ""

    @property
    def choices(self) -> tuple[str, ...]:
        """The options in words, as they are sent back."""
        return tuple(leaf_words(option) for option in self.options)


class Form(Value):
    """What one revision of a proposal would run, ready to be changed. Nothing in it is markup.

    `digest12` and `revision` say which revision was shown; they are sent back with the answers.
    """

    proposal: str
    revision: int
    digest12: str
    incident: str
    title: str
    target: str
    tool: str
    args: dict[str, JsonValue]
    fields: tuple[FormField, ...]


def _ending_in(name: str, fields: tuple[FormField, ...]) -> FormField | None:
    """Return the one field whose path ends in this part; None when none or several do."""
    found = [field for field in fields if field.keys[-1:] == (name,)]
    return found[0] if len(found) == 1 else None


def filled_in(form: Form, texts: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return the arguments with the answers in `texts` (path → words); others stay as they are.

    A path may also name a whole list or group, whose answer is JSON then. The last part of a path
    is enough where only one field ends in it.

    Raises:
        InputError: There is no such path, or an answer is not of its field's kind.
    """
    made = cast("dict[str, JsonValue]", json.loads(json.dumps(form.args)))
    fields = {field.path: field for field in form.fields}
    groups = dict(_places(form.args))
    for path, text in texts.items():
        field = fields.get(path) or (None if path in groups else _ending_in(path, form.fields))
        if field is not None:
            made = _put(made, field.keys, _read(field, text))
        elif path in groups:
            made = _put(made, groups[path], _json(path, text))
        else:
            known = ", ".join(fields)
            raise InputError(f"there is no argument {path[:80]!r}; there are: {known}")
    return made


def path_of(keys: Keys) -> str:
    """Return the way to a value as people write it: `matchers[0].name`."""
    path = ""
    for key in keys:
        if isinstance(key, int):
            path += f"[{key}]"
        else:
            name = key if PLAIN_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)
            path += f".{name}" if path else name
    return path or WHOLE


def shown(value: JsonValue, kind: FieldKind) -> str:
    """Return a value in the words of its kind; nothing is empty."""
    if value is None and kind != "json":
        return ""
    if kind == "json":
        return json.dumps(value, ensure_ascii=False, indent=2)
    if kind == "yes_no":
        return "yes" if value else "no"
    return leaf_words(value)


def _read(field: FormField, text: str) -> JsonValue:
    if field.optional and not text.strip():
        return None
    match field.kind:
        case "text":
            return text
        case "number":
            return _number(field, text.strip())
        case "yes_no":
            if text.strip().lower() not in YES_NO:
                raise InputError(f"{field.path}: answer yes or no")
            return YES_NO[text.strip().lower()]
        case "select":
            return _option(field, text)
        case "json":
            return _json(field.path, text)


def _number(field: FormField, text: str) -> JsonValue:
    try:
        number = int(text)
    except ValueError:
        raise InputError(f"{field.path}: write a whole number") from None
    if field.least is not None and number < field.least:
        raise InputError(f"{field.path}: must be at least {field.least}")
    if field.most is not None and number > field.most:
        raise InputError(f"{field.path}: must be at most {field.most}")
    return number


def _option(field: FormField, text: str) -> JsonValue:
    for option in field.options:
        if leaf_words(option) == text.strip():
            return option
    raise InputError(f"{field.path}: must be one of {', '.join(field.choices)}")


def _json(path: str, text: str) -> JsonValue:
    try:
        found: JsonValue = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: this is not JSON ({error}); nothing was changed") from None
    return found


def _places(value: JsonValue, keys: Keys = ()) -> Iterator[tuple[str, Keys]]:
    """Yield (path, keys) of every list and group below the top."""
    parts: list[tuple[str | int, JsonValue]] = []
    if isinstance(value, dict):
        parts = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    for key, item in parts:
        if isinstance(item, dict | list):
            yield path_of((*keys, key)), (*keys, key)
            yield from _places(item, (*keys, key))


def _put(made: dict[str, JsonValue], keys: Keys, value: JsonValue) -> dict[str, JsonValue]:
    """Return the arguments with `value` at `keys`; without keys it replaces them all."""
    if not keys:
        if not isinstance(value, dict):
            raise InputError(f"{WHOLE}: must be a JSON object")
        return value
    inner: JsonValue = made
    for key in keys[:-1]:
        inner = _inside(inner, key)
    last = keys[-1]
    if isinstance(inner, dict) and isinstance(last, str):
        inner[last] = value
        return made
    if isinstance(inner, list) and isinstance(last, int) and last < len(inner):
        inner[last] = value
        return made
    raise InputError(f"{path_of(keys)}: what holds it was changed in the same edit")


def _inside(value: JsonValue, key: str | int) -> JsonValue:
    if isinstance(value, dict) and isinstance(key, str):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return value[key]
    return None
