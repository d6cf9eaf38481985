"""Log lines on stdout: JSON, one a line, losable; facts live in the event log, not here (G-12)."""

import json
import logging
import sys
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

FIELDS = (
    "incident", "seq", "proposal", "correlation", "delivery", "channel", "actor", "source", "route",
)  # fmt: skip
"""Extra fields a line may carry: pass them by `extra={…}`."""

NOISY = (
    "alembic", "anthropic", "asyncio", "boto3", "botocore", "google_genai", "httpcore", "httpcore2",
    "httpx", "httpx2", "openai", "procrastinate", "urllib3", "uvicorn",
)  # fmt: skip
"""Loggers of others that say each request at info, and at debug its whole body."""

correlation: ContextVar[str] = ContextVar("correlation", default="")
"""The id that ties a delivery, its incident's steps and its log lines together."""


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object; every text passes `redact` before it is written."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: ts, level, event, logger, then the known extra fields that are set."""
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": self._redact(record.getMessage()),
            "logger": record.name,
        }
        for name in FIELDS:
            value = getattr(record, name, None)
            if value not in {None, ""}:
                line[name] = self._redact(value) if isinstance(value, str) else value
        line.setdefault("correlation", correlation.get())
        if record.exc_info is not None:
            line["error"] = self._redact(self.formatException(record.exc_info))[-2000:]
        return json.dumps({key: value for key, value in line.items() if value != ""})


def start_logging(level: str, redact: Callable[[str], str], to: TextIO | None = None) -> None:
    """Send every log line of the process to stdout (or `to`) as JSON, from `level` up."""
    stream = logging.StreamHandler(to or sys.stdout)
    stream.setFormatter(JsonLines(redact))
    root = logging.getLogger()
    root.handlers[:] = [stream]
    root.setLevel(level.upper())
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
