"""A state without what differs between two tellings of one story: times, ids, ports, bytes."""

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import cast

from pydantic import BaseModel

from bot.incident.reducer import State

Plain = str | int | float | bool | None | list["Plain"] | dict[str, "Plain"]

VARYING = frozenset({"latency_ms", "latest_age_s"})
"""Facts that measure time."""
SECONDS = frozenset({"spent_s"})
MASKS = (
    (re.compile(r"http://127\.0\.0\.1:\d+"), "TARGET"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)"), "TIME"),
    (re.compile(r"\b\d\d:\d\d(:\d\d)?( UTC)?\b"), "TIME"),
    (re.compile(r"\b\d+ ms\b"), "MS"),
    (re.compile(r"\b\d+ (s|seconds?|min|minutes?|h)( \d+ (s|min))?\b"), "AGE"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "HEX"),
)


def essence(state: State) -> Plain:
    """Return the whole state as plain values, masked."""
    masks = [(re.compile(rf"\b{name}\b"), "PROPOSAL") for name in state.incident.proposals]
    return _plain(state, [*masks, *MASKS])


def _plain(value: object, masks: list[tuple[re.Pattern[str], str]]) -> Plain:
    if isinstance(value, datetime):
        return "TIME"
    if isinstance(value, str):
        return _masked(value, masks)
    if isinstance(value, int | float) or value is None:
        return value
    return _whole(value, masks)


def _masked(text: str, masks: list[tuple[re.Pattern[str], str]]) -> str:
    for mask, word in masks:
        text = mask.sub(word, text)
    return text


def _whole(value: object, masks: list[tuple[re.Pattern[str], str]]) -> Plain:
    """Return what has parts: a model, a dataclass, a mapping, a set or a sequence."""
    if isinstance(value, BaseModel):
        return _members(dict(value), masks)
    if is_dataclass(value):
        return _members({item.name: getattr(value, item.name) for item in fields(value)}, masks)
    if isinstance(value, Mapping):
        members = cast("Mapping[object, object]", value)
        return _members({str(name): item for name, item in members.items()}, masks)
    parts = [_plain(item, masks) for item in cast("Iterable[object]", value)]
    return sorted(parts, key=str) if isinstance(value, AbstractSet) else parts


def _members(members: dict[str, object], masks: list[tuple[re.Pattern[str], str]]) -> Plain:
    """Return an object's members; a measured fact keeps its name only."""
    if members.get("name") in VARYING:
        return str(members["name"])
    return {
        str(_plain(name, masks)): _plain(item, masks)
        for name, item in members.items()
        if name not in SECONDS
    }
