"""A deploy, config or flag change as a payload tells it: one object, a list, or `changes`."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from bot.errors import InputError
from bot.incident.model import Change
from bot.intake.fields import KEY_CHARS, LINK_CHARS, as_line, as_links, as_moment

MAX_CHANGES = 500
_TEXTS = ("service", "version", "previous", "by", "title")
_KINDS: Mapping[str, Literal["deploy", "config", "flag"]] = {
    "": "deploy",
    "deploy": "deploy",
    "deployment": "deploy",
    "release": "deploy",
    "rollback": "deploy",
    "config": "config",
    "configuration": "config",
    "flag": "flag",
    "feature_flag": "flag",
}


def read_changes(payload: JsonValue, source: str, received_at: datetime) -> tuple[Change, ...]:
    """Return the changes of the payload; none for an empty list or object.

    Only `service` must be there. A change without `at` happened when it was received, and so did
    one that claims to come from the future. `id` is the sender's, else a hash of what is said.

    Raises:
        InputError: Neither objects nor a list of them, too many, no service, or `at` is no time.
    """
    listed = payload.get("changes", payload) if isinstance(payload, dict) else payload
    items = listed if isinstance(listed, list) else [listed] if listed else []
    if len(items) > MAX_CHANGES:
        raise InputError(f"{len(items)} changes at once; send at most {MAX_CHANGES} in a request")
    return tuple(
        _change(item, place, source, received_at) for place, item in enumerate(items, start=1)
    )


def is_dated(payload: JsonValue) -> bool:
    """Return whether every change says itself when it happened."""
    listed = payload.get("changes", payload) if isinstance(payload, dict) else payload
    items = listed if isinstance(listed, list) else [listed]
    return all(isinstance(item, dict) and item.get("at") is not None for item in items)


def _change(item: JsonValue, place: int, source: str, received_at: datetime) -> Change:
    if not isinstance(item, dict):
        raise InputError(f"change {place} is not an object; send one object a change")
    texts = {name: as_line(item.get(name)) for name in _TEXTS}
    if not texts["service"]:
        raise InputError(f"change {place} names no service; send service")
    said_at = item.get("at")
    at = received_at if said_at is None else as_moment(said_at)
    if at is None:
        raise InputError(f"change {place}: `at` is no time; send ISO 8601 or Unix seconds")
    kind = as_line(item.get("kind")).lower()
    links = as_links({"link": item.get("link")})
    texts["link"] = links[0].url[:LINK_CHARS] if links else ""
    said = json.dumps([source, kind, at.isoformat(), sorted(texts.items())])
    return Change(
        id=as_line(item.get("id"), KEY_CHARS) or hashlib.sha256(said.encode()).hexdigest()[:16],
        source=source,
        kind=_KINDS.get(kind, "other"),
        at=min(at, received_at),
        **texts,
    )
