"""How results are worded and bounded: one line for humans, a body small enough to keep."""

import json

from pydantic import JsonValue

BODY_BYTES = 256_000
SUMMARY_CHARS = 400


def line(text: str, limit: int = SUMMARY_CHARS) -> str:
    """Return text as one printable line of at most `limit` characters; a cut ends in "…"."""
    flat = "".join(letter if letter.isprintable() else " " for letter in text)
    flat = " ".join(flat.split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"


def number(value: float, unit: str = "") -> str:
    """Return a number as humans read it: whole if whole, else four digits; then its unit.

    A `ratio` is said in percent.
    """
    if unit == "ratio":
        return f"{100 * value:.4g} %"
    whole = float(value).is_integer() and abs(value) < 1e15
    return f"{value:.0f} {unit}".strip() if whole else f"{value:.4g} {unit}".strip()


def plural(count: int, noun: str) -> str:
    """Return "1 alert", "2 alerts"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def duration(seconds: int) -> str:
    """Return seconds exactly, in the usual units: "45 s", "5 min", "1 h 30 min", "2 d"."""
    parts: list[str] = []
    rest = seconds
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


def size_bytes(value: JsonValue) -> int:
    """Return the size of JSON as evidence keeps it."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def bounded(value: JsonValue) -> JsonValue:
    """Return the value, or, when it is too large to keep, its beginning as text."""
    if size_bytes(value) <= BODY_BYTES:
        return value
    text = json.dumps(value, ensure_ascii=False)
    return {"cut": True, "beginning": text[: BODY_BYTES // 8]}
