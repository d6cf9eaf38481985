"""Heartbeats of our cron jobs: one job a message, silent or alive again."""

from pydantic import JsonValue

from bot.errors import InputError
from bot.incident.model import Alert
from bot.shelf import Parsed, Source


def _parse(payload: JsonValue, _fields: object) -> Parsed:
    job = payload.get("job") if isinstance(payload, dict) else None
    if not isinstance(payload, dict) or not isinstance(job, str):
        raise InputError("a heartbeat names its `job`; check the sender")
    return Parsed((Alert(
        source="heartbeat", fingerprint=job, title=f"{job} is silent", severity="high", service=job,
        status="resolved" if payload.get("alive") is True else "firing",
        labels={}, annotations={}, starts_at=None, ends_at=None,
    ),))  # fmt: skip


HEARTBEAT = Source("heartbeat", _parse, example=lambda _now: {"job": "backup", "alive": False})
