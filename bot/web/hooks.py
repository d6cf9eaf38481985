"""The hot path: `POST /hooks/{source}/{route}` as plain ASGI; no framework, no body echo."""

import json
import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache

from prometheus_client import Counter, Histogram
from starlette.types import Receive, Scope, Send

from bot.errors import BusyError, InputError, NotFoundError, OversizeError, SignatureError
from bot.incident.fact import HOUSE
from bot.incident.facts_house import OversizeRefused
from bot.intake.hooks import CHANGE, HEARTBEAT
from bot.logs import correlation
from bot.ports import Accepted, Draft
from bot.telemetry import auth_failures, webhook_duration, webhooks
from bot.web.body import Gone, expected_bytes, read_body
from bot.web.codes import error_status
from bot.web.doors import Doors
from bot.web.room import Hatch, Holding
from bot.web.trace import headers_of, trace_id

Answer = tuple[int, dict[str, object], dict[str, str]]
"""Status, body, and headers besides the usual ones."""

OVERSIZE_EVERY = timedelta(minutes=1)
"""One OversizeRefused a door in this time, so that a flood of them cannot fill the log."""

OUTCOMES = {200: "accepted", 401: "unsigned", 404: "unknown", 413: "oversize", 500: "failed"}
"""What a status means on the meter; 503 is busy, and any other was refused."""

MEND = "raise TRIAGE_BODY_MAX_BYTES"
CLOSE = {"connection": "close"}
"""Said when there is more of the body than was read: the rest is not waited for."""
LATER = {"retry-after": "1", **CLOSE}
HELD_MAX_BYTES = 64 * 1024 * 1024
"""Bodies that are being read, parsed or committed take no more than this together."""
OPEN_MAX_BYTES = 384 * 1024
"""Large bodies that are being parsed or committed take no more than this together."""

logger = logging.getLogger(__name__)


class Hooks:
    """The ASGI application behind `/hooks/`; answers 200 only after the delivery was committed."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._sources = doors.sources | {CHANGE, HEARTBEAT}
        self._oversize_at: dict[str, datetime] = {}
        self._room = Holding(max(HELD_MAX_BYTES, doors.settings.body_max_bytes))
        self._hatch = Hatch(OPEN_MAX_BYTES)
        self._known: set[tuple[str, str]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read, hand on, answer; every error becomes a status of the table in D-04."""
        began = time.perf_counter()
        source, route = _names(scope["path"])
        headers = headers_of(scope)
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
        _duration(label, status).observe(time.perf_counter() - began)
        self._count(source, route, status, body)

    def _count(self, source: str, route: str, status: int, body: Mapping[str, object]) -> None:
        """Count it under its door's name; a door exists when it let in, refused or was busy."""
        if status in {200, 401, 503}:
            self._know(source, route)
        names = (source, route) if (source, route) in self._known else ("unknown", "unknown")
        outcome = "busy" if status == 503 else OUTCOMES.get(status, "refused")
        _counted(*names, "duplicate" if body.get("duplicate") else outcome).inc()

    def _know(self, source: str, route: str) -> None:
        """Show a door on the meter, and at 0 what alerts ask for, so that a first one is seen."""
        if (source, route) not in self._known:
            self._known.add((source, route))
            for outcome in ("busy", "oversize"):
                _counted(source, route, outcome)

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        names: tuple[str, str],
        headers: Mapping[str, str],
    ) -> Answer:
        if scope["method"] != "POST":
            return 405, {"error": "send it by POST"}, {"allow": "POST"}
        try:
            return await self._taken(receive, names, headers)
        except OversizeError as error:
            await self._note_oversize(*names, headers)
            return 413, {"error": str(error)}, CLOSE

    async def _taken(
        self, receive: Receive, names: tuple[str, str], headers: Mapping[str, str]
    ) -> Answer:
        most = self._doors.settings.body_max_bytes
        full = self._doors.full()
        if full:
            return 503, {"error": full}, LATER
        try:
            with self._room.held(expected_bytes(headers, most)):
                return await self._read(receive, names, headers, most)
        except BusyError as error:
            return 503, {"error": str(error)}, LATER

    async def _read(
        self, receive: Receive, names: tuple[str, str], headers: Mapping[str, str], most: int
    ) -> Answer:
        source, route = names
        try:
            body = await read_body(receive, headers, most, MEND)
        except TimeoutError:
            return 408, {"error": "the body came too slowly; send it again"}, CLOSE
        try:
            async with self._hatch.turn(len(body)):
                accepted = await self._hand_on(source, route, headers, body)
        except OversizeError:
            raise
        except (InputError, BusyError) as error:
            return self._refusal(error, source, route)
        except Exception:  # the sender is told, and sends again
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

    def _refusal(self, error: InputError | BusyError, source: str, route: str) -> Answer:
        # What an address without a door says is a stranger's text: it may be long, or a secret.
        where = {} if isinstance(error, NotFoundError) else {"source": source, "route": route}
        if isinstance(error, BusyError):
            logger.warning("webhook turned away: %s", error, extra=where)
            return 503, {"error": str(error)}, {"retry-after": str(error.retry_after_s)}
        if isinstance(error, SignatureError):
            auth_failures.labels("hooks", "signature").inc()
        logger.info("webhook refused: %s", error, extra=where)
        return error_status(error), {"error": str(error)}, {}

    async def _note_oversize(self, source: str, route: str, headers: Mapping[str, str]) -> None:
        now = self._doors.clock.now()
        door = f"{source}/{route}"
        last = self._oversize_at.get(door)
        if (last is not None and now - last < OVERSIZE_EVERY) or not self._has(source, route):
            return
        self._oversize_at[door] = now
        self._know(source, route)
        declared = headers.get("content-length", "")
        size = int(declared) if declared.isdecimal() else self._doors.settings.body_max_bytes + 1
        fact = OversizeRefused(source=source, route=route, size_bytes=min(size, 2**53))
        try:
            await self._doors.log.record(HOUSE, lambda _: Draft(f"hook:{source}", (fact,)))
        except BusyError as error:
            logger.warning("an oversize delivery was not recorded: %s", error)

    def _has(self, source: str, route: str) -> bool:
        """Tell whether there is such a door: strangers' words are no facts."""
        doors = self._doors.standing().doors
        return any((door.source, door.route) == (source, route) for door in doors)


@cache
def _duration(source: str, status: int) -> Histogram:
    """Return the one histogram of a source and a status; looking it up costs as much as a time."""
    return webhook_duration.labels(source, str(status))


@cache
def _counted(source: str, route: str, outcome: str) -> Counter:
    """Return the one counter of a door and an outcome; both are few."""
    return webhooks.labels(source, route, outcome)


def _names(path: str) -> tuple[str, str]:
    parts = path.split("/")
    return (parts[2], parts[3]) if len(parts) == 4 else ("", "")


async def _send(
    send: Send, status: int, body: Mapping[str, object], extra: Mapping[str, str]
) -> None:
    raw = json.dumps(body).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-length", b"%d" % len(raw)),
    ]
    headers += [(name.encode(), value.encode()) for name, value in extra.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": raw})
