"""The hot path: `POST /hooks/{source}/{route}` as plain ASGI; no framework, no body echo."""

import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import datetime, timedelta
from typing import Any

from bot.errors import BusyError, InputError, NotFoundError, OversizeError, SignatureError
from bot.incident.fact import HOUSE
from bot.incident.facts_house import OversizeRefused
from bot.logs import correlation
from bot.ports import Accepted, Draft
from bot.telemetry import auth_failures, webhook_duration
from bot.web.doors import Doors
from bot.web.trace import trace_id

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CHANGE = "change"
"""The reserved source whose deliveries are Changes, not Alerts."""
OVERSIZE_EVERY = timedelta(minutes=1)
"""One OversizeRefused a source in this time, so that a flood of them cannot fill the log."""

logger = logging.getLogger(__name__)


class Gone(Exception):  # noqa: N818 - not an error: the sender hung up
    """The sender closed the connection before its body was complete."""


class Hooks:
    """The ASGI application behind `/hooks/`; answers 200 only after the delivery was committed."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._sources = doors.sources | {CHANGE}
        self._oversize_at: dict[str, datetime] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read, hand on, answer; every error becomes a status of the table in D-04."""
        began = time.perf_counter()
        source, route = _names(scope["path"])
        headers = {name.decode("latin-1"): value.decode("latin-1")
                   for name, value in scope["headers"]}  # fmt: skip
        trace = trace_id(headers) or self._doors.clock.token(8)
        token = correlation.set(trace)
        try:
            status, body, extra = await self._answer(scope, receive, (source, route), headers)
        except Gone:
            return
        finally:
            correlation.reset(token)
        await _send(send, status, body, extra)
        label = source if source in self._sources else "unknown"
        webhook_duration.labels(label, str(status)).observe(time.perf_counter() - began)

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        names: tuple[str, str],
        headers: Mapping[str, str],
    ) -> tuple[int, dict[str, object], dict[str, str]]:
        source, route = names
        if scope["method"] != "POST":
            return 405, {"error": "send it by POST"}, {"allow": "POST"}
        try:
            body = await _read(receive, headers, self._doors.settings.body_max_bytes)
            accepted = await self._hand_on(source, route, headers, body)
        except OversizeError as error:
            await self._note_oversize(source, route, headers)
            return 413, {"error": str(error)}, {"connection": "close"}
        except (InputError, BusyError) as error:
            return self._refusal(error, source, route)
        except Gone:
            raise
        except Exception:
            logger.exception("webhook failed", extra={"source": source, "route": route})
            why = "something broke here; the log has it under this correlation id; send it again"
            return 500, {"error": why, "correlation": correlation.get()}, {}
        return 200, {"incidents": accepted.incidents, "duplicate": accepted.duplicate}, {}

    async def _hand_on(
        self, source: str, route: str, headers: Mapping[str, str], body: bytes
    ) -> Accepted:
        if not route:
            raise NotFoundError("there is no such door")
        if source == CHANGE:
            return await self._doors.change(route, headers, body)
        return await self._doors.hook(source, route, headers, body)

    def _refusal(
        self, error: InputError | BusyError, source: str, route: str
    ) -> tuple[int, dict[str, object], dict[str, str]]:
        where = {"source": source, "route": route}
        if isinstance(error, BusyError):
            logger.warning("webhook turned away: %s", error, extra=where)
            return 503, {"error": str(error)}, {"retry-after": str(error.retry_after_s)}
        if isinstance(error, SignatureError):
            auth_failures.labels("hooks", "signature").inc()
        logger.info("webhook refused: %s", error, extra=where)
        return _status_of(error), {"error": str(error)}, {}

    async def _note_oversize(self, source: str, route: str, headers: Mapping[str, str]) -> None:
        now = self._doors.clock.now()
        last = self._oversize_at.get(source)
        if source not in self._sources or (last is not None and now - last < OVERSIZE_EVERY):
            return
        self._oversize_at[source] = now
        declared = headers.get("content-length", "")
        size = int(declared) if declared.isdecimal() else self._doors.settings.body_max_bytes + 1
        fact = OversizeRefused(source=source, route=route[:100], size_bytes=min(size, 2**53))
        try:
            await self._doors.log.record(HOUSE, lambda _: Draft(f"hook:{source}", (fact,)))
        except BusyError as error:
            logger.warning("an oversize delivery was not recorded: %s", error)


def _names(path: str) -> tuple[str, str]:
    parts = path.split("/")
    return (parts[2], parts[3]) if len(parts) == 4 else ("", "")


def _status_of(error: InputError) -> int:
    if isinstance(error, SignatureError):
        return 401
    return 404 if isinstance(error, NotFoundError) else 400


async def _read(receive: Receive, headers: Mapping[str, str], cap: int) -> bytes:
    """Return the body; stops reading the moment it is known to be larger than `cap` bytes."""
    declared = headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > cap):
        raise _too_large(cap)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > cap:
            raise _too_large(cap)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(cap: int) -> OversizeError:
    return OversizeError(f"the body is larger than {cap} bytes; raise TRIAGE_BODY_MAX_BYTES")


async def _send(
    send: Send, status: int, body: Mapping[str, object], extra: Mapping[str, str]
) -> None:
    raw = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(raw))]
    headers += [(name.encode(), value.encode()) for name, value in extra.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": raw})
