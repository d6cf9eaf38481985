from datetime import timedelta
from pathlib import Path

import pytest

from bot.incident.events import Unknown, encode
from bot.incident.facts_alerts import AlertsReceived
from bot.incident.reducer import State
from bot.ports import Draft
from bot.store.heads import STATES_ALERTS
from bot.store.recent import Recent
from bot.store.store import Store
from tests.bot.store.examples import ACTOR, alert, delivery, group, note
from tests.fakes import T0, FakeClock

pytestmark = pytest.mark.usefixtures("each_database")

LATER = T0 + timedelta(minutes=5)


async def opened_by(store: Store, *fingerprints: str) -> None:
    await store.deliveries.accept(delivery(), [group(*map(alert, fingerprints))])


async def test_an_alert_that_only_joins_wakes_nobody_and_leaves_the_alarm(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Store.open(f"sqlite:///{tmp_path}/a.db", clock) as store:
        await opened_by(store, "f1")
        assert await store.log.sleep("INC-1", 2, LATER)
        told: list[frozenset[str]] = []
        store.listen(told.append)
        clock.advance(1)
        await store.deliveries.accept(delivery("d2", clock.now()), [group(alert("f2"))])
        assert told == [frozenset()]
        assert await store.log.due(clock.now()) == []
        assert len(await store.log.load("INC-1")) == 3


async def test_a_resolve_wakes_and_rings_the_alarm(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Store.open(f"sqlite:///{tmp_path}/a.db", clock) as store:
        await opened_by(store, "f1", "f2")
        assert await store.log.sleep("INC-1", 2, LATER)
        told: list[frozenset[str]] = []
        store.listen(told.append)
        clock.advance(1)
        gone = group(alert("f1", "resolved"))
        await store.deliveries.accept(delivery("d2", clock.now()), [gone])
        assert told == [frozenset({"INC-1"})]
        assert await store.log.due(clock.now()) == ["INC-1"]


async def test_the_loop_never_sleeps_past_what_it_has_not_seen(tmp_path: Path) -> None:
    clock = FakeClock()
    async with Store.open(f"sqlite:///{tmp_path}/a.db", clock) as store:
        await opened_by(store, "f1")
        clock.advance(1)
        await store.deliveries.accept(delivery("d2", clock.now()), [group(alert("f2"))])
        assert not await store.log.sleep("INC-1", 2, LATER)
        assert await store.log.sleep("INC-1", 3, LATER)

        def build(_state: State) -> Draft:
            return Draft(ACTOR, (note(),))

        clock.advance(1)
        await store.log.record("INC-1", build)
        assert not await store.log.sleep("INC-1", 3, LATER)


def test_the_same_bytes_are_decoded_once_and_others_anew() -> None:
    recent = Recent()
    body = encode(_received("f1"))
    first = recent.decode("AlertsReceived", 1, body)
    assert first == _received("f1")
    assert recent.decode("AlertsReceived", 1, bytes(bytearray(body))) is first
    assert recent.decode("AlertsReceived", 1, encode(_received("f2"))) == _received("f2")
    assert recent.decode("NoteAdded", 1, encode(note("one"))) == note("one")


def test_what_cannot_be_read_is_never_kept_as_read() -> None:
    recent = Recent()
    body = encode(_received("f1"))
    recent.decode("AlertsReceived", 1, body)
    assert isinstance(recent.decode("AlertsReceived", 2, body), Unknown)
    assert isinstance(recent.decode("AlertsReceived", 1, b"{}"), Unknown)


def test_the_memory_of_what_was_decoded_is_bounded() -> None:
    bodies = [encode(_received(f"f{number}", f"g{number}")) for number in range(2)]
    recent = Recent(room_bytes=len(bodies[0]) + 1)
    first, second = (recent.decode("AlertsReceived", 1, body) for body in bodies)
    assert recent.decode("AlertsReceived", 1, bodies[1]) is second
    assert recent.decode("AlertsReceived", 1, bodies[0]) is not first
    large = encode(_received("a", "b", "c", "d"))
    kept = recent.decode("AlertsReceived", 1, large)
    assert recent.decode("AlertsReceived", 1, large) is not kept


async def test_a_large_state_pushes_others_out_and_comes_back_whole(tmp_path: Path) -> None:
    half = STATES_ALERTS // 2 + 1
    async with Store.open(f"sqlite:///{tmp_path}/a.db", FakeClock()) as store:
        for part in ("x", "y"):
            found = tuple(alert(f"{part}{number}") for number in range(half))
            await store.deliveries.accept(delivery(part), [group(*found, key=part)])
        seen: list[int] = []

        def build(state: State) -> Draft:
            seen.append(len(state.incident.alerts))
            return Draft(ACTOR, (note(),))

        for incident in ("INC-1", "INC-2", "INC-1"):
            await store.log.record(incident, build)
        assert seen == [half, half, half]


def _received(*fingerprints: str) -> AlertsReceived:
    alerts = tuple(map(alert, fingerprints))
    return AlertsReceived(delivery="d", source="alertmanager", group_key="g", alerts=alerts)
