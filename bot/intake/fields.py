"""Single fields of a payload made ours: bounded texts, label sets, times and links."""

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from pydantic import JsonValue

from bot.incident.model import Link

TITLE_CHARS = 200
KEY_CHARS = 1024
NAME_CHARS = 200
MAX_LABELS = 64
LABEL_CHARS = 2048
ANNOTATION_CHARS = 8192
LINK_CHARS = 2048
LEFT_OUT = "left_out"
"""The annotation that says that labels or annotations were more than `MAX_LABELS`."""

_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_MILLISECONDS_FROM = 1e11
_LATEST_S = 253402300799.0
_is_address = re.compile(r"https?://[^\s<>\"'`\\^{}|]+").fullmatch


def as_text(value: JsonValue, cap: int = LABEL_CHARS) -> str:
    """Return a scalar as text, null as "", anything else as compact JSON; at most `cap` chars."""
    if isinstance(value, str):
        return value if len(value) <= cap else shortened(value, cap)
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return shortened(json.dumps(value, ensure_ascii=False, separators=(",", ":")), cap)


def shortened(text: str, cap: int) -> str:
    """Return `text` whole, or its beginning and how many characters are missing."""
    if len(text) <= cap:
        return text
    marker = f"… ({len(text)} characters)"
    return text[: max(cap - len(marker), 0)] + marker


def as_line(value: JsonValue, cap: int = TITLE_CHARS) -> str:
    """Return a value as one line without leading, trailing or repeated white space."""
    if isinstance(value, str) and len(value) <= cap and value.isalnum():
        return value
    return shortened(" ".join(as_text(value, ANNOTATION_CHARS).split()), cap)


def as_labels(value: JsonValue, cap: int = LABEL_CHARS) -> dict[str, str]:
    """Return an object's members as texts: the first `MAX_LABELS`, values at most `cap` chars.

    Anything but an object is no labels. The caller tells humans what was left out (`left_out`).
    """
    if not isinstance(value, dict):
        return {}
    if len(value) > MAX_LABELS:
        value = dict(list(value.items())[:MAX_LABELS])
    return {
        (name if len(name) <= NAME_CHARS else shortened(name, NAME_CHARS)): (
            item if type(item) is str and len(item) <= cap else as_text(item, cap)
        )
        for name, item in value.items()
    }


def left_out(*sets: JsonValue) -> dict[str, str]:
    """Return the annotation that says that `as_labels` left members out; {} when it did not."""
    if any(isinstance(found, dict) and len(found) > MAX_LABELS for found in sets):
        return {LEFT_OUT: f"of labels and annotations the first {MAX_LABELS} each are kept"}
    return {}


def as_moment(value: JsonValue) -> datetime | None:
    """Return a time as aware UTC: ISO 8601, or Unix seconds or milliseconds; else None.

    A text without an offset is UTC. Times before 1970-01-02 mean none (`0001-01-01…`).
    """
    if isinstance(value, str):
        return _read_moment(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _from_unix(float(value))


@lru_cache(maxsize=4096)
def moment_of(text: str) -> datetime | None:
    """Return what `as_moment` does of a text; the alerts of a group share most of theirs."""
    return _read_moment(text)


def as_links(pairs: Mapping[str, JsonValue]) -> tuple[Link, ...]:
    """Return the http(s) addresses among the values, titled by their keys, once each."""
    found: dict[str, Link] = {}
    for title, address in pairs.items():
        if isinstance(address, str) and address:
            link = _link(title, address)
            if link is not None:
                found.setdefault(address, link)
    return tuple(found.values())


@lru_cache(maxsize=1024)
def _link(title: str, address: str) -> Link | None:
    """Return one link; the alerts of a group share most of theirs."""
    is_link = len(address) <= LINK_CHARS and _is_address(address) is not None
    return Link(title=title, url=address) if is_link else None


def _read_moment(text: str) -> datetime | None:
    if text[4:5] != "-":
        try:
            return _from_unix(float(text))
        except ValueError:
            text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
        aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return aware if aware >= _EARLIEST else None


def _from_unix(number: float) -> datetime | None:
    seconds = number / 1000 if number >= _MILLISECONDS_FROM else number
    if not (math.isfinite(seconds) and _EARLIEST.timestamp() <= seconds <= _LATEST_S):
        return None
    return datetime.fromtimestamp(seconds, UTC)
