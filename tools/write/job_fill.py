"""Puts values in the place of `{name}`; no expressions, no formats, and never into an address."""

import re
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from bot.errors import ToolError

PLACE = re.compile(r"\{([A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)?)\}")


def places(value: JsonValue) -> Iterator[str]:
    """Yield the names of all places in every text of a JSON value, keys aside."""
    match value:
        case str():
            yield from PLACE.findall(value)
        case list():
            for item in value:
                yield from places(item)
        case dict():
            for item in value.values():
                yield from places(item)
        case _:
            pass


def fill(value: JsonValue, known: Mapping[str, JsonValue]) -> JsonValue:
    """Return the value with every place filled; a text that is one place keeps the value's type.

    Raises:
        ToolError: A place has no value.
    """
    match value:
        case str():
            whole = PLACE.fullmatch(value)
            if whole:
                return _known(whole[1], known)
            return fill_text(value, known)
        case list():
            return [fill(item, known) for item in value]
        case dict():
            return {name: fill(item, known) for name, item in value.items()}
        case _:
            return value


def fill_text(text: str, known: Mapping[str, JsonValue]) -> str:
    """Return the text with every place filled.

    Raises:
        ToolError: A place has no value.
    """
    return PLACE.sub(lambda place: _word(_known(place[1], known)), text)


def pointed(document: JsonValue, pointer: str) -> JsonValue:
    """Return what a JSON pointer (`/a/0/b`) names in a document; None when there is nothing."""
    found = document
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict):
            found = found.get(name)
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found


def has_float(value: JsonValue) -> bool:
    """Return whether a JSON value holds a float anywhere."""
    match value:
        case float():
            return True
        case list():
            return any(has_float(item) for item in value)
        case dict():
            return any(has_float(item) for item in value.values())
        case _:
            return False


def _known(name: str, known: Mapping[str, JsonValue]) -> JsonValue:
    if name not in known:
        raise ToolError(f"there is no value for {{{name}}}")
    return known[name]


def _word(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
