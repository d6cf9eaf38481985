"""The way in of webhooks: verified, read, redacted and grouped before anything is stored."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from bot.errors import BusyError, NotFoundError
from bot.incident.grouping import Group, grouped
from bot.incident.model import Alert, Change
from bot.intake.change import is_dated, read_changes
from bot.intake.hearing import Hearing
from bot.intake.hooks import CHANGE, HEARTBEAT, OpenRoute, Routes
from bot.intake.payload import read_json
from bot.intake.redaction import Mask, Remembered
from bot.knowledge.redact import Redactor
from bot.ports import Accepted, Clock, Deliveries, Delivery
from bot.shelf import Parsed, Source
from bot.signing import body_digest
from bot.telemetry import alerts_received, dedupe_hits, redactions

log = logging.getLogger(__name__)
REDELIVERED_S = 300
"""Identical bytes within this time are a redelivery. Later they are looked at again: an alert that
resolved and fires again may be told in the very same words."""
BIG_BYTES = 128 * 1024
"""A body from here on is read in a thread, so that everybody else is still answered."""
HEADER_CHARS = 300
KEPT_HEADERS = (
    "content-type", "content-encoding", "user-agent", "x-request-id", "request-id", "traceparent",
)  # fmt: skip
"""Headers stored with a delivery besides the signed timestamp; any other may be a secret."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entrance:
    """What the intake goes by.

    `routes` returns those in force now. `service_of` names the catalogue's service of an alert,
    and `service_named` the one of that name; both return "" when there is none. `redactor` makes
    one session a delivery. `max_bytes` bounds an inflated body.
    """

    sources: Mapping[str, Source]
    routes: Callable[[], Routes]
    service_of: Callable[[Alert], str]
    service_named: Callable[[str], str]
    redactor: Callable[[], Redactor]
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Heed:
    """What a letter of alerts comes to; `lives` when it shows that its sender does."""

    delivery: Delivery
    groups: list[Group]
    lives: bool
    watched: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """One request whose sender is proven. `signed_at` is the timestamp that was signed, or ""."""

    door: OpenRoute
    headers: Mapping[str, str]
    body: bytes
    signed_at: str
    received_at: datetime
    id: str


class Intake:
    """Takes deliveries of alerts, of changes and of life; of one refused nothing is stored."""

    def __init__(
        self, entrance: Entrance, deliveries: Deliveries, clock: Clock, hearing: Hearing
    ) -> None:
        self._entrance = entrance
        self._deliveries = deliveries
        self._clock = clock
        self._hearing = hearing
        self._remembered = Remembered()

    async def hook(
        self, source: str, route: str, headers: Mapping[str, str], body: bytes
    ) -> Accepted:
        """Take one delivery of alerts; return after the commit.

        An authentic message that tells of no alert is stored and joins no incident; one that only
        says that its sender lives is not even stored.

        Args:
            source: As in `/hooks/{source}/{route}`.
            route: As above.
            headers: Names in lower case.
            body: As sent, still compressed.

        Raises:
            NotFoundError: There is no such door.
            SignatureError: The sender did not prove who it is.
            OversizeError: The body is too large once inflated.
            InputError: The body is not JSON, or not what this source sends.
            BusyError: No room or no database; nothing was stored.
        """
        if source == HEARTBEAT:
            return await self._beat(route, headers, body)
        known = self._entrance.sources.get(source)
        if known is None:
            raise NotFoundError("there is no such door; triagebot check lists those there are")
        letter = self._opened(source, route, headers, body)
        heed = await _aside(letter, lambda: self._alerts(known, letter))
        if heed.watched and not heed.groups:
            await self._hear(letter, lives=heed.lives)
            return Accepted(())
        accepted = await self._deliveries.accept(heed.delivery, heed.groups)
        _count_alerts(source, sum(len(group.alerts) for group in heed.groups), accepted)
        try:
            await self._hear(letter, lives=heed.lives)
        except BusyError as error:  # the alerts are in; the next delivery is noted instead
            log.warning("a door was heard and could not be noted: %s", error)
        return _counted(accepted)

    async def _beat(self, route: str, headers: Mapping[str, str], body: bytes) -> Accepted:
        """Take one sign of life; it opens no incident. Raises as `hook` does."""
        letter = self._opened(HEARTBEAT, route, headers, body)
        lives = True
        if letter.door.reads:
            source, most = self._entrance.sources[letter.door.reads], self._entrance.max_bytes
            parsed = source.parse(read_json(body, _encoding(letter), most), {})
            lives = any(alert.status == "firing" for alert in parsed.alerts)
        await self._hear(letter, lives=lives)
        return Accepted(())

    async def _hear(self, letter: Letter, *, lives: bool) -> None:
        if lives:
            await self._hearing.heard(letter.door, letter.received_at)

    async def change(self, route: str, headers: Mapping[str, str], body: bytes) -> Accepted:
        """Take one delivery of changes; return after the commit. Raises as `hook` does."""
        letter = self._opened(CHANGE, route, headers, body)
        delivery, changes = await _aside(letter, lambda: self._changes(letter))
        return _counted(await self._deliveries.accept_change(delivery, changes))

    def _opened(self, source: str, route: str, headers: Mapping[str, str], body: bytes) -> Letter:
        door = self._entrance.routes().find(source, route)
        now = self._clock.now()
        signed_at = door.verify(headers, body, now)
        return Letter(door, headers, body, signed_at, now, self._clock.token())

    def _alerts(self, source: Source, letter: Letter) -> Heed:
        entrance = self._entrance
        parsed = self._parsed(source, letter)
        mask = Mask(entrance.redactor, self._remembered)
        watching = [alert for alert in parsed.alerts if _watches(letter.door, alert)]
        alerts = parsed.alerts
        if watching:
            alerts = tuple(alert for alert in alerts if not _watches(letter.door, alert))
        found = grouped(alerts, parsed.group_key, parsed.truncated, entrance.service_of)
        groups = [mask.group(group) for group in found]
        mask.count(redactions)
        digest = body_digest(letter.body)
        delivery = _delivery(letter, _dedupe(letter, parsed, digest), digest)
        is_alive = not letter.door.watchdog or any(one.status == "firing" for one in watching)
        return Heed(delivery, groups, is_alive, bool(watching))

    def _parsed(self, source: Source, letter: Letter) -> Parsed:
        encoding, max_bytes = _encoding(letter), self._entrance.max_bytes
        if source.swift is not None and not encoding and len(letter.body) <= max_bytes:
            parsed = source.swift(letter.body)
            if parsed is not None:
                return parsed
        payload = read_json(letter.body, encoding, max_bytes)
        return source.parse(payload, letter.door.fields)

    def _changes(self, letter: Letter) -> tuple[Delivery, list[Change]]:
        entrance = self._entrance
        payload = read_json(letter.body, _encoding(letter), entrance.max_bytes)
        told = read_changes(payload, letter.door.name, letter.received_at)
        mask = Mask(entrance.redactor, self._remembered)
        changes = [mask.change(_placed(change, entrance.service_named)) for change in told]
        mask.count(redactions)
        digest = body_digest(letter.body)
        dedupe = _repeated(letter, digest, is_distinct=is_dated(payload))
        return _delivery(letter, dedupe, digest), changes


def _watches(door: OpenRoute, alert: Alert) -> bool:
    """Tell whether it is the alert that always fires, which is no trouble but its absence is."""
    return bool(door.watchdog) and door.watchdog in {alert.labels.get("alertname"), alert.title}


def _placed(change: Change, service_named: Callable[[str], str]) -> Change:
    name = service_named(change.service)
    return change.model_copy(update={"service": name}) if name else change


def _encoding(letter: Letter) -> str:
    return letter.headers.get("content-encoding", "")


def _dedupe(letter: Letter, parsed: Parsed, digest: str) -> str:
    if parsed.dedupe:
        return f"id:{body_digest(parsed.dedupe.encode())}"
    is_distinct = all(alert.starts_at is not None for alert in parsed.alerts)
    return _repeated(letter, digest, is_distinct=is_distinct)


def _repeated(letter: Letter, digest: str, *, is_distinct: bool) -> str:
    """Return what only a redelivery of this letter has in common with it.

    `is_distinct` says that another occurrence would read otherwise, because it says when it began.
    If not, the same bytes may tell of something new, and only a signed timestamp can say so;
    without one every delivery counts, since a repeat is harmless and a lost alert is not.
    """
    if is_distinct:
        window = int(letter.received_at.timestamp()) // REDELIVERED_S
        return f"body:{digest}:{window}"
    if letter.signed_at:
        return f"signed:{digest}:{letter.signed_at}"
    return f"each:{letter.id}"


def _delivery(letter: Letter, dedupe: str, digest: str) -> Delivery:
    door = letter.door
    names = (*KEPT_HEADERS, door.timestamp_header) if door.timestamp_header else KEPT_HEADERS
    kept = {name: letter.headers[name][:HEADER_CHARS] for name in names if name in letter.headers}
    return Delivery(
        id=letter.id,
        source=door.source,
        route=door.route,
        dedupe=dedupe,
        received_at=letter.received_at,
        headers=kept,
        raw=letter.body,
        digest=digest,
    )


def _count_alerts(source: str, total: int, accepted: Accepted) -> None:
    if accepted.duplicate:
        alerts_received.labels(source, "duplicate").inc(total)
        return
    alerts_received.labels(source, "accepted").inc(total - accepted.repeated)
    if accepted.repeated:
        alerts_received.labels(source, "repeated").inc(accepted.repeated)
        dedupe_hits.labels("alert").inc(accepted.repeated)


def _counted(accepted: Accepted) -> Accepted:
    if accepted.duplicate:
        dedupe_hits.labels("delivery").inc()
    return accepted


async def _aside(letter: Letter, work: Callable[[], T]) -> T:
    return work() if len(letter.body) < BIG_BYTES else await asyncio.to_thread(work)
