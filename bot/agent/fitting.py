"""Whether a model's JSON fits a strict schema, to the letter, and what is wrong in few words. Pure.

Other than `bot.knowledge.schema` it knows no fills: here every text is a text.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, cast

from pydantic import JsonValue

from bot.agent.strict import NUMBER, branches
from bot.incident.json_schema import LIMITS, Schema, as_schema, is_of_type, referred

REPLY_CHARS = 64_000
ECHO_CHARS = 20
DIGITS = 20
FAULTS = 3
UNKEEPABLE = re.compile("[\0\ud800-\udfff]")


def parsed(text: str) -> JsonValue:
    """Return the JSON value that the text is, all of it.

    Raises:
        ValueError: It is none: too long, nested too deep, a key twice, NaN, or text around it. The
            message is in our words.
    """
    if len(text) > REPLY_CHARS:
        raise ValueError(f"the reply has {len(text)} characters; at most {REPLY_CHARS} are read")
    try:
        return cast(
            "JsonValue",
            json.loads(
                text, object_pairs_hook=_members, parse_int=_whole, parse_constant=_constant
            ),
        )
    except json.JSONDecodeError as error:
        raise ValueError(
            f"the reply is not JSON: {error.msg.lower()} at character {error.pos}; "
            "answer with one JSON object and nothing around it"
        ) from None
    except RecursionError:
        raise ValueError("the reply is nested too deep") from None


def unfit(value: JsonValue, schema: Schema) -> list[str]:
    """Return what does not fit, each with its place, three at most; empty when all of it does."""
    found: list[str] = []
    for fault in _faults("", value, schema, schema):
        found.append(fault)
        if len(found) == FAULTS:
            break
    return found


def echo(text: object) -> str:
    """Return a little of a text from outside, quoted, so that a message can name it."""
    if isinstance(text, dict | list):
        return "an object" if isinstance(text, dict) else "an array"
    whole = str(text)
    return repr(whole[:ECHO_CHARS]) + ("…" if len(whole) > ECHO_CHARS else "")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return made


def _whole(digits: str) -> int:
    if len(digits) > DIGITS:
        raise ValueError(f"a number has {len(digits)} digits; at most {DIGITS} are read")
    return int(digits)


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _faults(place: str, value: JsonValue, schema: Schema, root: Schema) -> Iterator[str]:
    schema = referred(schema, root)
    choices = [referred(one, root) for one in branches(schema)]
    if choices:
        yield from _choice(place, value, choices, root)
        return
    kind = schema.get("type")
    if not isinstance(kind, str) or not is_of_type(value, kind):
        yield f"{place or 'the reply'}: must be {_article(str(kind))}"
        return
    allowed = schema.get("enum")
    if isinstance(allowed, list) and value not in allowed:
        yield f"{place}: {echo(value)} is not one of {_listed(allowed)}"
        return
    match value:
        case dict():
            yield from _object(place, value, schema, root)
        case list():
            yield from _size(place, len(value), schema, "Items", "items")
            for index, item in enumerate(value[:100]):
                yield from _faults(f"{place}[{index}]", item, as_schema(schema.get("items")), root)
        case str():
            yield from _text(place, value, schema)
        case int() | float() if not isinstance(value, bool):
            yield from _number(place, value, schema)
        case _:
            return


def _object(
    place: str, value: Mapping[str, JsonValue], schema: Schema, root: Schema
) -> Iterator[str]:
    members = as_schema(schema.get("properties"))
    for name in members:
        if name not in value:
            yield f"{_under(place, name)}: is missing"
    for name, item in value.items():
        if name in members:
            yield from _faults(_under(place, name), item, as_schema(members[name]), root)
        else:
            yield f"{place or 'the reply'}: there is no {echo(name)}; it has {_listed([*members])}"


def _choice(place: str, value: JsonValue, choices: list[Schema], root: Schema) -> Iterator[str]:
    """Yield what is wrong with the choice that was meant: its tags agree, or it is the nearest."""
    fits = [one for one in choices if is_of_type(value, str(one.get("type")))]
    if not fits:
        kinds = dict.fromkeys(_article(str(one.get("type"))) for one in choices)
        yield f"{place or 'the reply'}: must be {' or '.join(kinds)}"
        return
    if isinstance(value, dict):
        meant = [one for one in fits if _agrees(value, one)]
        if not meant and (wrong := _wrong_tag(place, value, fits)):
            yield wrong
            return
        fits = meant or fits
    tried = [list(_faults(place, value, one, root)) for one in fits]
    if all(tried):
        yield from min(tried, key=len)


def _tags(choice: Schema) -> dict[str, JsonValue]:
    """Return the members that can have one value only."""
    members = as_schema(choice.get("properties"))
    found: dict[str, JsonValue] = {}
    for name, inner in members.items():
        allowed = as_schema(inner).get("enum")
        if isinstance(allowed, list) and len(allowed) == 1:
            found[name] = allowed[0]
    return found


def _agrees(value: Mapping[str, JsonValue], choice: Schema) -> bool:
    shares = not value.keys().isdisjoint(as_schema(choice.get("properties")))
    return shares and all(value.get(name) == tag for name, tag in _tags(choice).items())


def _wrong_tag(place: str, value: Mapping[str, JsonValue], choices: list[Schema]) -> str:
    first = next(iter(value), "")
    for name in dict.fromkeys(name for one in choices for name in _tags(one)):
        known = list(dict.fromkeys(tags[name] for one in choices if name in (tags := _tags(one))))
        if name in value and value[name] not in known:
            return f"{_under(place, name)}: {echo(value[name])} is not one of {_listed(known)}"
        if name not in value and name == "kind":
            return f"{_under(place, name)}: is missing; it is one of {_listed(known)}"
    return "" if first else f"{place or 'the reply'}: is empty"


def _text(place: str, value: str, schema: Schema) -> Iterator[str]:
    if sizes := list(_size(place, len(value), schema, "Length", "characters")):
        yield from sizes
        return
    if UNKEEPABLE.search(value):
        yield f"{place}: holds a character that cannot be kept"
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and not re.search(pattern, value):
        yield f"{place}: must match {pattern[:60]}"


def _number(place: str, value: float, schema: Schema) -> Iterator[str]:
    if not math.isfinite(value) or abs(value) > NUMBER:
        yield f"{place}: is no number that can be kept"
    for keyword, holds, words in LIMITS:
        limit = schema.get(keyword)
        if isinstance(limit, int | float) and not holds(value, limit):
            yield f"{place}: must be {words} {limit}"


def _size(place: str, size: int, schema: Schema, keyword: str, words: str) -> Iterator[str]:
    least, most = schema.get(f"min{keyword}"), schema.get(f"max{keyword}")
    if isinstance(least, int) and size < least:
        yield f"{place}: needs at least {least} {words}"
    if isinstance(most, int) and size > most:
        yield f"{place}: holds at most {most} {words}, not {size}"


def _under(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _article(name: str) -> str:
    return f"{'an' if name[:1] in 'aeio' else 'a'} {name}"


def _listed(names: list[JsonValue]) -> str:
    shown = ", ".join(str(name)[:40] for name in names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown or "nothing"
