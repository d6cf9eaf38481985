"""D-09: doors that are expected to speak, and what counts as a word."""

import json
from collections.abc import AsyncGenerator
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import JsonValue

from bot.errors import BusyError, ConfigError, NotFoundError, SignatureError
from bot.intake.delivery import Entrance, Intake
from bot.intake.hearing import Hearing
from bot.intake.hooks import OpenRoute, Routes, read_routes
from bot.intake.sources import SOURCES
from bot.knowledge.redact import Redactor
from bot.ports import Filter
from bot.store.store import Store
from tests.fakes import T0, FakeClock, open_store

BEARER = {"authorization": "Bearer s3cret"}
FILE: JsonValue = {
    "routes": [
        {"source": "alertmanager", "route": "am", "auth": "bearer", "secrets": ["S"],
         "silent_after_s": 600},
        {"source": "alertmanager", "route": "dog", "auth": "bearer", "secrets": ["S"],
         "silent_after_s": 600, "watchdog": "Watchdog"},
        {"source": "alertmanager", "route": "free", "auth": "bearer", "secrets": ["S"]},
    ],
    "heartbeats": [
        {"route": "cron", "auth": "bearer", "secrets": ["S"], "silent_after_s": 300},
        {"route": "watchdog", "auth": "bearer", "secrets": ["S"], "silent_after_s": 300,
         "reads": "alertmanager"},
        {"route": "closed", "auth": "bearer", "secrets": ["UNSET"], "silent_after_s": 300},
    ],
}  # fmt: skip


def routes(file: JsonValue = FILE) -> Routes:
    return read_routes(file, SOURCES, lambda name: "s3cret" if name == "S" else "")


class House:
    """A real store behind the intake."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        declared = routes()
        entrance = Entrance(SOURCES, lambda: declared, lambda _: "", str, Redactor, 1 << 20)
        self.store, self.clock = store, clock
        self.intake = Intake(entrance, store.deliveries, clock, Hearing(store.hearings))

    async def say(self, door: str, body: bytes = b"") -> tuple[str, ...]:
        source, _, route = door.partition("/")
        return (await self.intake.hook(source, route, BEARER, body)).incidents

    async def last(self, door: str) -> datetime | None:
        source, _, route = door.partition("/")
        return (await self.store.hearings.last()).get((source, route))

    async def opened(self) -> int:
        return len(await self.store.incidents.page(Filter()))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        yield House(store, clock)


def message(*names: str, status: str = "firing") -> bytes:
    alerts = [
        {"status": status, "labels": {"alertname": name}, "startsAt": "2025-03-01T11:00:00Z"}
        for name in names
    ]
    return json.dumps({"version": "4", "groupKey": "k", "alerts": alerts}).encode()


async def test_d09_any_signed_request_is_a_beat_and_opens_no_incident(house: House) -> None:
    assert await house.say("heartbeat/cron", b"not even JSON") == ()
    assert await house.last("heartbeat/cron") == T0
    assert await house.opened() == 0


async def test_d09_a_beat_of_a_stranger_is_none(house: House) -> None:
    with pytest.raises(SignatureError):
        await house.intake.hook("heartbeat", "cron", {"authorization": "Bearer no"}, b"")
    with pytest.raises(SignatureError):
        await house.say("heartbeat/closed")
    with pytest.raises(NotFoundError):
        await house.say("heartbeat/none")
    assert await house.store.hearings.last() == {}


async def test_d09_a_watchdog_that_fires_is_a_beat_and_one_that_resolved_is_none(
    house: House,
) -> None:
    await house.say("heartbeat/watchdog", message("Watchdog", status="resolved"))
    assert await house.last("heartbeat/watchdog") is None
    await house.say("heartbeat/watchdog", message("Watchdog"))
    assert await house.last("heartbeat/watchdog") == T0
    assert await house.opened() == 0


async def test_d09_a_watchdog_among_alerts_is_heard_and_is_no_incident(house: House) -> None:
    assert await house.say("alertmanager/dog", message("Watchdog")) == ()
    assert await house.last("alertmanager/dog") == T0
    house.clock.advance(200)
    (incident,) = await house.say("alertmanager/dog", message("Watchdog", "Slow"))
    first = (await house.store.log.load(incident))[0].body
    assert getattr(first, "title", "") == "Slow"
    assert await house.opened() == 1


async def test_d09_with_a_watchdog_no_other_alert_proves_that_the_sender_lives(
    house: House,
) -> None:
    await house.say("alertmanager/dog", message("Slow"))
    await house.say("alertmanager/dog", message("Watchdog", status="resolved"))
    assert await house.last("alertmanager/dog") is None


async def test_d09_every_delivery_counts_also_a_duplicate(house: House) -> None:
    await house.say("alertmanager/am", message("Slow"))
    house.clock.advance(200)
    await house.say("alertmanager/am", message("Slow"))
    last = await house.last("alertmanager/am")
    assert last is not None
    assert (last - T0).total_seconds() == 200


async def test_d09_a_door_nobody_waits_for_is_not_noted(house: House) -> None:
    await house.say("alertmanager/free", message("Slow"))
    assert await house.store.hearings.last() == {}


class Counting:
    """A memory that counts what is written to it; full when told so."""

    def __init__(self) -> None:
        self.written: list[datetime] = []
        self.full = False

    async def note(self, source: str, route: str, at: datetime) -> None:
        if self.full:
            raise BusyError("full")
        self.written.append(at)

    async def last(self) -> dict[tuple[str, str], datetime]:
        return {}


def door(route: str = "cron") -> OpenRoute:
    return routes().find("heartbeat", route)


async def test_d09_a_talkative_door_is_written_down_four_times_in_its_period() -> None:
    clock, memory = FakeClock(), Counting()
    hearing = Hearing(memory)
    for _ in range(300):
        await hearing.heard(door(), clock.now())
        clock.advance(1)
    assert len(memory.written) == 300 // 30


async def test_d09_what_could_not_be_noted_is_noted_next_time() -> None:
    clock, memory = FakeClock(), Counting()
    hearing = Hearing(memory)
    memory.full = True
    with pytest.raises(BusyError):
        await hearing.heard(door(), clock.now())
    memory.full = False
    clock.advance(1)
    await hearing.heard(door(), clock.now())
    assert memory.written == [clock.now()]


async def test_an_older_word_never_takes_the_place_of_a_newer(house: House) -> None:
    hearings = house.store.hearings
    later = T0.replace(hour=13)
    await hearings.note("heartbeat", "cron", later)
    await hearings.note("heartbeat", "cron", T0)
    assert await house.last("heartbeat/cron") == later


def test_d09_doors_that_are_closed_are_not_waited_for() -> None:
    assert [one.name for one in routes().expected()] == [
        "alertmanager/am", "alertmanager/dog", "heartbeat/cron", "heartbeat/watchdog",
    ]  # fmt: skip


BEAT: dict[str, JsonValue] = {
    "route": "w", "auth": "bearer", "secrets": ["S"], "silent_after_s": 60,
}  # fmt: skip
ROUTE: dict[str, JsonValue] = {
    "source": "alertmanager", "route": "a", "auth": "bearer", "secrets": ["S"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("file", "fault"),
    [
        ({"heartbeats": [{**BEAT, "reads": "nagios"}]}, "there is no source 'nagios'"),
        ({"heartbeats": [{**BEAT, "silent_after_s": 0}]}, "silent_after_s"),
        ({"heartbeats": [BEAT, BEAT]}, "stands there twice"),
        ({"heartbeats": [{**BEAT, "auth": "none", "secrets": []}]}, "takes unsigned messages"),
        ({"routes": [{**ROUTE, "watchdog": "Watchdog"}]}, "say in silent_after_s"),
        ({"routes": [{**ROUTE, "source": "triagebot"}]}, "there is no source 'triagebot'"),
    ],
)
def test_d09_a_door_that_cannot_be_meant_so_is_refused(file: JsonValue, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        routes(file)
