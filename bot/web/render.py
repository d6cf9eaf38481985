"""Templates to HTML: everything escaped, nothing undefined, no invisible character let through."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.conversation.finding_card import title_of
from bot.conversation.legible import legible
from bot.conversation.line import LABELS
from bot.conversation.phrases import SEVERITY_WORDS
from bot.conversation.receipt import cost_line, provenance_line, receipt_line, who_found
from bot.conversation.render_digest import render_digest
from bot.incident.leaves import leaf_words

HERE = Path(__file__).parent
STATIC_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def seen(value: object) -> object:
    """Return text with every unseen character spelled out as `⟨U+202E⟩`; others as they are."""
    return legible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def static_files() -> dict[str, tuple[bytes, str, str]]:
    """Return name → (bytes, media type, short digest) of the few files in `static/`."""
    found: dict[str, tuple[bytes, str, str]] = {}
    for path in sorted(HERE.joinpath("static").iterdir()):
        if path.suffix in STATIC_TYPES:
            raw = path.read_bytes()
            digest = hashlib.sha256(raw).hexdigest()[:12]
            found[path.name] = (raw, STATIC_TYPES[path.suffix], digest)
    return found


@cache
def templates() -> Environment:
    """Return the one template environment; `static('app.css')` names a file by its digest."""
    files = static_files()
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=seen,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )

    def address(name: str) -> str:
        return f"/static/{name}?v={files[name][2]}"

    names = cast("dict[str, object]", env.globals)
    names["static"] = address
    filters = cast("dict[str, Callable[..., object]]", env.filters)
    filters |= {
        "iso": iso,
        "clock": clock,
        "day": day,
        "stamp": moment,
        "span": span,
        "severity": severity_name,
        "kind": LABELS.__getitem__,
        "typed": leaf_words,
        "render_digest": render_digest,
        "ended_as": title_of,
        "who_found": who_found,
        "receipt_line": receipt_line,
        "cost_line": cost_line,
        "provenance_line": provenance_line,
    }
    return env


def severity_name(severity: str) -> str:
    """Return `SEV1 Critical`."""
    return f"{SEVERITY_WORDS[severity]} {severity.title()}"


def iso(at: datetime) -> str:
    """Return a time as machines read it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def clock(at: datetime) -> str:
    """Return the time of day, in UTC."""
    return f"{at.astimezone(UTC):%H:%M:%S}"


def moment(at: datetime) -> str:
    """Return day and time, in UTC."""
    return f"{day(at)}, {clock(at)} UTC"


def day(at: datetime) -> str:
    """Return `3 July 2026`, in UTC."""
    return f"{at.astimezone(UTC).day} {at.astimezone(UTC):%B %Y}"


def span(length: timedelta) -> str:
    """Return a length of time in its largest fitting unit or two: `42 s`, `12 min`, `3 h 5 min`."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        rest = minutes % 60
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"
