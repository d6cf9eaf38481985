"""What stands behind `edit P-7F3K`: `name=value …`, quoted where a value has blanks. Pure."""

import json
import re

from bot.errors import InputError
from bot.incident.commands import QUOTES

NAME = re.compile(r"\s*([^\s=]{1,200})=")
BARE = re.compile(r"\S*")
SHAPE = 'write: edit P-7F3K name=value other="two words"'


def assignments(text: str) -> dict[str, str]:
    """Return name → value, in order; a list or group is written as JSON and kept as written.

    Raises:
        InputError: A part that is no `name=value`, a quote that does not end, a name given twice.
    """
    found: dict[str, str] = {}
    place, text = 0, text.strip()
    while place < len(text):
        name = NAME.match(text, place)
        if name is None:
            raise InputError(f"{text[place:][:40].strip()!r} is no name=value; {SHAPE}")
        value, place = _value(text, name.end())
        if name[1] in found:
            raise InputError(f"{name[1][:80]} is given twice; give it once")
        found[name[1]] = value
        if place < len(text) and not text[place].isspace():
            raise InputError(f"a blank is missing after the value of {name[1][:80]}; {SHAPE}")
    if not found:
        raise InputError(f"what shall be changed? {SHAPE}")
    return found


def _value(text: str, place: int) -> tuple[str, int]:
    """Return the value that begins at `place`, and where it ends."""
    first = text[place : place + 1]
    if first in QUOTES:
        end = text.find(QUOTES[first], place + 1)
        if end < 0:
            raise InputError(f"a quote does not end; {SHAPE}")
        return text[place + 1 : end], end + 1
    if first and first in "[{":
        try:
            _, end = json.JSONDecoder().raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise InputError(f"this is not JSON ({error}); {SHAPE}") from None
        return text[place:end], end
    bare = BARE.match(text, place)
    return (bare[0], bare.end()) if bare else ("", place)
