import gzip
import json
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

from bot.errors import InputError, NotFoundError, OversizeError, SignatureError
from bot.incident.facts_alerts import AlertsReceived, IncidentOpened
from bot.incident.facts_house import ChangeRecorded
from bot.incident.model import Alert
from bot.intake.delivery import BIG_BYTES, Entrance, Intake
from bot.intake.hearing import Hearing
from bot.intake.hooks import read_routes
from bot.intake.sources import SOURCES
from bot.knowledge.redact import Redactor
from bot.ports import Accepted
from bot.signing import sign, timestamped
from bot.store.store import Store
from tests.fakes import FakeClock, open_store

SECRET = "ghp_" + "R7mQ2xV9nL4kT8wZ3bC6yH1dF5gJ0sPaXeUo"
BEARER = {"authorization": "Bearer s3cret", "user-agent": "tests", "x-api-key": "s3cret"}
FILE: JsonValue = {
    "routes": [
        {"source": "alertmanager", "route": "am", "auth": "bearer", "secrets": ["S"]},
        {"source": "generic_json", "route": "g", "auth": "bearer", "secrets": ["S"]},
        {"source": "generic_json", "route": "signed", "auth": "hmac", "secrets": ["S"],
         "timestamp_header": "X-Time"},
    ],
    "changes": [{"route": "ci", "auth": "bearer", "secrets": ["S"]}],
}  # fmt: skip


class House:
    """A real store behind the intake, and what it remembers."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        routes = read_routes(FILE, SOURCES, lambda _: "s3cret")
        self.store, self.clock = store, clock
        self.intake = Intake(
            Entrance(SOURCES, lambda: routes, _service_of, str.lower, Redactor, 5 * 1024 * 1024),
            store.deliveries,
            clock,
            Hearing(store.hearings),
        )

    async def am(self, *alerts: JsonValue, key: str = "k", truncated: int = 0) -> Accepted:
        body = {"version": "4", "groupKey": key, "alerts": alerts, "truncatedAlerts": truncated}
        return await self.intake.hook("alertmanager", "am", BEARER, json.dumps(body).encode())

    async def generic(self, payload: JsonValue) -> Accepted:
        return await self.intake.hook("generic_json", "g", BEARER, json.dumps(payload).encode())

    async def change(self, payload: JsonValue) -> Accepted:
        return await self.intake.change("ci", BEARER, json.dumps(payload).encode())

    async def told(self, incident: str) -> list[AlertsReceived]:
        bodies = [event.body for event in await self.store.log.load(incident)]
        return [body for body in bodies if isinstance(body, AlertsReceived)]

    async def opened(self, incident: str) -> IncidentOpened:
        first = (await self.store.log.load(incident))[0].body
        assert isinstance(first, IncidentOpened)
        return first

    async def changes(self) -> list[ChangeRecorded]:
        bodies = [event.body for event in await self.store.log.load("house")]
        return [body for body in bodies if isinstance(body, ChangeRecorded)]


def _service_of(alert: Alert) -> str:
    return "Cart" if alert.labels.get("app") == "cart" else ""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        yield House(store, clock)


def one(n: int = 1, status: str = "firing", **labels: str) -> JsonValue:
    named: JsonValue = {"alertname": "Slow", "severity": "high", "n": str(n), **labels}
    return {"status": status, "labels": named, "startsAt": f"2025-03-01T11:{n:02}:00Z"}


async def test_d07_forty_alerts_are_one_incident(house: House) -> None:
    accepted = await house.am(*(one(n, app="cart") for n in range(40)), truncated=3)
    (incident,) = accepted.opened
    opened = await house.opened(incident)
    (told,) = await house.told(incident)
    assert (opened.title, opened.service, opened.severity) == ("Slow (43 alerts)", "Cart", "high")
    assert (len(told.alerts), told.truncated, told.group_key) == (40, 3, "k")


async def test_d03_the_raw_delivery_is_kept_and_its_secret_headers_are_not(house: House) -> None:
    incident = (await house.am(one())).incidents[0]
    (told,) = await house.told(incident)
    kept = await house.store.deliveries.raw(told.delivery)
    assert kept is not None
    assert json.loads(kept.raw)["groupKey"] == "k"
    assert dict(kept.headers) == {"user-agent": "tests"}


async def test_f07_events_hold_no_secret_and_the_delivery_holds_the_original(house: House) -> None:
    incident = (await house.am(one(note=SECRET), key=f"k {SECRET}")).incidents[0]
    events = await house.store.log.load(incident)
    assert not any(SECRET in str(event.body) for event in events)
    (told,) = await house.told(incident)
    kept = await house.store.deliveries.raw(told.delivery)
    assert kept is not None
    assert SECRET.encode() in kept.raw


async def test_f07_two_groups_that_differ_by_a_secret_stay_two(house: House) -> None:
    first = await house.am(one(1), key="{}:{user=ann@example.org}")
    second = await house.am(one(2), key="{}:{user=bob@example.org}")
    again = await house.am(one(3), key="{}:{user=ann@example.org}")
    assert first.incidents == again.incidents != second.incidents


async def test_d04_the_same_bytes_again_are_a_duplicate(house: House) -> None:
    first = await house.am(one())
    again = await house.am(one())
    assert (again.duplicate, again.incidents, again.opened) == (True, first.incidents, ())
    assert len(await house.told(first.incidents[0])) == 1


async def test_d07_the_same_bytes_after_a_resolve_are_looked_at_again(house: House) -> None:
    first = await house.am(one())
    house.clock.advance(400)
    await house.am(one(status="resolved"))
    house.clock.advance(400)
    again = await house.am(one())
    assert again.incidents == first.incidents
    assert [told.alerts[0].status for told in await house.told(first.incidents[0])] == [
        "firing", "resolved", "firing",
    ]  # fmt: skip


async def test_an_alert_that_says_no_time_is_never_taken_for_a_repeat(house: House) -> None:
    words = ["firing", "resolved", "firing", "firing"]
    found = [await house.generic({"title": "Disk", "status": word}) for word in words]
    assert {accepted.incidents for accepted in found} == {found[0].incidents}
    assert not any(accepted.duplicate for accepted in found)
    told = await house.told(found[0].incidents[0])
    assert [batch.alerts[0].status for batch in told] == words


async def test_a_signed_time_tells_a_replay_from_news(house: House) -> None:
    body = b'{"title": "Disk"}'

    async def send() -> Accepted:
        at = str(int(house.clock.now().timestamp()))
        headers = {"x-time": at, "x-triage-signature": sign("s3cret", timestamped(at, body))}
        return await house.intake.hook("generic_json", "signed", headers, body)

    assert [(await send()).duplicate, (await send()).duplicate] == [False, True]
    house.clock.advance(1)
    assert not (await send()).duplicate


async def test_a_message_id_of_the_sender_names_the_delivery(house: House) -> None:
    assert not (await house.generic({"title": "A", "message_id": "m"})).duplicate
    assert (await house.generic({"message_id": "m", "title": "A"})).duplicate
    assert not (await house.generic({"title": "A", "message_id": "n"})).duplicate


@pytest.mark.parametrize("payload", [[], {}, {"type": "ping"}, {"title": "A", "status": "acked"}])
async def test_d04_an_authentic_message_without_an_alert_is_accepted(
    house: House, payload: JsonValue
) -> None:
    assert await house.generic(payload) == Accepted(())


async def test_alerts_of_one_array_are_incidents_by_group_or_fingerprint(house: House) -> None:
    items: JsonValue = [
        {"title": "A", "id": "1", "group": "g"}, {"title": "B", "id": "2", "group": "g"},
        {"title": "C", "id": "3"},
    ]  # fmt: skip
    accepted = await house.generic(items)
    assert [len((await house.told(i))[0].alerts) for i in accepted.incidents] == [2, 1]


@pytest.mark.parametrize(
    ("source", "route"), [("nagios", "am"), ("alertmanager", "x"), ("change", "ci"), ("", "")]
)
async def test_d01_an_unknown_door_is_not_found(house: House, source: str, route: str) -> None:
    with pytest.raises(NotFoundError):
        await house.intake.hook(source, route, BEARER, b"{}")
    with pytest.raises(NotFoundError):
        await house.intake.change("x", BEARER, b"{}")


@pytest.mark.parametrize(
    "body", [b"not json", b"{" * 5000, gzip.compress(b"0" * 9_000_000, mtime=0)]
)
async def test_d01_the_sender_is_verified_before_the_body_is_read(
    house: House, body: bytes
) -> None:
    packed = {"content-encoding": "gzip"}
    for headers in (packed, {**packed, "authorization": "Bearer wrong"}):
        with pytest.raises(SignatureError):
            await house.intake.hook("alertmanager", "am", headers, body)
        with pytest.raises(SignatureError):
            await house.intake.change("ci", headers, body)


@pytest.mark.parametrize(
    ("body", "more", "error"),
    [
        (b"not json", {}, InputError),
        (b"[]", {}, InputError),
        (b"[" * 100_000, {}, InputError),
        (gzip.compress(b"0" * 9_000_000, mtime=0), {"content-encoding": "gzip"}, OversizeError),
        (b"0" * (5 * 1024 * 1024 + 1), {}, OversizeError),
    ],
    ids=["no-json", "no-message", "deep", "bomb", "large"],
)
async def test_d04_d05_each_refusal_has_its_own_error_and_stores_nothing(
    house: House, body: bytes, more: Mapping[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        await house.intake.hook("alertmanager", "am", {**BEARER, **more}, body)
    assert type(caught.value) is error
    assert await house.store.log.changed() == 0


async def test_a_big_body_is_read_all_the_same(house: House) -> None:
    alerts = [one(n % 60, pad="x" * 2000, id=str(n)) for n in range(100)]
    assert len(json.dumps(alerts)) > BIG_BYTES
    accepted = await house.am(*alerts)
    assert len((await house.told(accepted.incidents[0]))[0].alerts) == 100


async def test_hostile_text_arrives_clean_and_as_data(house: House) -> None:
    hostile = "<script>\u202e*bold* \x00\x1b[31m \ud800 `x` @everyone\r\n"
    incident = (await house.am(one(note=hostile))).incidents[0]
    note = (await house.told(incident))[0].alerts[0].labels["note"]
    assert note == "<script>\u202e*bold* [31m  `x` @everyone\n"


async def test_a_change_is_recorded_under_the_catalogues_name(house: House) -> None:
    deploy: JsonValue = {"service": "CART", "version": "v2", "at": 1_740_800_000, "by": SECRET}
    assert await house.change(deploy) == Accepted(())
    assert (await house.change(deploy)).duplicate
    (recorded,) = await house.changes()
    assert (recorded.change.service, recorded.change.version) == ("cart", "v2")
    assert SECRET not in recorded.model_dump_json()


async def test_changes_that_say_no_time_are_all_recorded(house: House) -> None:
    for version in ("v2", "v1", "v2"):
        await house.change({"service": "cart", "version": version})
        house.clock.advance(1)
    assert [found.change.version for found in await house.changes()] == ["v2", "v1", "v2"]
