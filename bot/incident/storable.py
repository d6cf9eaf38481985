"""Makes text and JSON from outside fit for the log and for evidence. Pure."""

import math

from pydantic import JsonValue


def encodable(text: str) -> str:
    """Return text that the log can hold: no NUL, no lone surrogate."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def storable(value: JsonValue) -> JsonValue:
    """Return the value with every text encodable; a number that is not finite becomes None."""
    match value:
        case str():
            return encodable(value)
        case float():
            return value if math.isfinite(value) else None
        case list():
            return [storable(item) for item in value]
        case dict():
            return {encodable(name): storable(item) for name, item in value.items()}
        case _:
            return value
