"""`${…}` fills: names replaced by known values inside arguments; no expression, no template."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from bot.incident.model import Predicate, Probe
from bot.knowledge.predicate import FactValue

FILL = re.compile(r"\$\{([^{}\s$]{1,200})\}")
UNKNOWN = "(unknown)"
SHOWN_CHARS = 200

_PLAIN = re.compile(r"[\w .:/@+,%=-]{1,200}")
"""What may stand inside a longer text: nothing that can leave the quotes of a query."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The value with its fills replaced; `missing` names those that could not be, in order."""

    value: JsonValue
    missing: tuple[str, ...] = ()


def fill(value: JsonValue, known: Mapping[str, FactValue]) -> Filled:
    """Replace fills in every text of `value`; keys are left as they are.

    A text that is one fill takes the type of what is known. Inside a longer text only letters,
    digits, spaces and `. : / @ + , % = - _` are put; anything else counts as missing, so that
    text from outside never ends a quoted string of a query.
    """
    missing: list[str] = []
    return Filled(_fill(value, known, missing), tuple(dict.fromkeys(missing)))


def exact(value: JsonValue) -> JsonValue:
    """Return arguments as an action may hold them: whole floats as integers, others as text."""
    match value:
        case float():
            return int(value) if value.is_integer() else repr(value)
        case list():
            return [exact(item) for item in value]
        case dict():
            return {key: exact(item) for key, item in value.items()}
        case _:
            return value


def wanted(value: JsonValue) -> tuple[str, ...]:
    """Return the names that `value` wants filled, once each, in order."""
    match value:
        case str():
            found = FILL.findall(value)
        case list():
            found = [name for item in value for name in wanted(item)]
        case dict():
            found = [name for item in value.values() for name in wanted(item)]
        case _:
            found = []
    return tuple(dict.fromkeys(cast("list[str]", found)))


def text(value: str, known: Mapping[str, FactValue]) -> str:
    """Fill a sentence for humans: what is unknown is said to be, line breaks become spaces."""
    return FILL.sub(lambda hit: _shown(known.get(hit[1])), value)


def fill_probe(probe: Probe, known: Mapping[str, FactValue]) -> Probe | None:
    """Return the probe with arguments and expected values filled, ready to be approved.

    None when something it names is not known.
    """
    raw: JsonValue = {
        "args": probe.args,
        "expect": probe.expect.model_dump(mode="json", by_alias=True),
    }
    filled = fill(raw, known)
    if filled.missing:
        return None
    parts = cast("dict[str, JsonValue]", exact(filled.value))
    expect = Predicate.model_validate(parts["expect"])
    args = cast("dict[str, JsonValue]", parts["args"])
    return Probe(title=text(probe.title, known), tool=probe.tool, args=args, expect=expect)


def _fill(value: JsonValue, known: Mapping[str, FactValue], missing: list[str]) -> JsonValue:
    match value:
        case str():
            return _fill_text(value, known, missing)
        case list():
            return [_fill(item, known, missing) for item in value]
        case dict():
            return {key: _fill(item, known, missing) for key, item in value.items()}
        case _:
            return value


def _fill_text(value: str, known: Mapping[str, FactValue], missing: list[str]) -> JsonValue:
    if whole := FILL.fullmatch(value):
        found = known.get(whole[1])
        if found is None or found == "":
            missing.append(whole[1])
        return found

    def put(hit: re.Match[str]) -> str:
        found = known.get(hit[1])
        shown = _written(found)
        if not _PLAIN.fullmatch(shown):
            missing.append(hit[1])
        return shown

    return FILL.sub(put, value)


def _shown(value: FactValue) -> str:
    return " ".join(_written(value).split())[:SHOWN_CHARS] or UNKNOWN


def _written(value: FactValue) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return f"{value:.6g}"
        case _:
            return str(value)
