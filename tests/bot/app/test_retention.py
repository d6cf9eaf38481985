"""Old bodies go, stubs stay, and nothing goes that belongs to an incident that is not over."""

import asyncio
import dataclasses
import hashlib
from datetime import timedelta
from pathlib import Path

from bot.app.retention import KeepRules, Retention, Taken
from bot.ports import Delivery, ModelCall, SessionRow
from bot.store.store import Store
from tests.bot.store.examples import alert, close_incident, delivery, evidence, group, open_incident
from tests.fakes import T0, FakeClock, open_store

DAY_S = 86400.0
AGED = KeepRules(deliveries_days=30, evidence_days=90)


def retention(store: Store, clock: FakeClock, rules: KeepRules = AGED) -> Retention:
    return Retention(store.bodies, clock, rules)


async def sweep(store: Store, clock: FakeClock, rules: KeepRules = AGED) -> Taken:
    return await retention(store, clock, rules).sweep(asyncio.Event())


def raised(name: str, days: int = 0, size: int = 0) -> Delivery:
    raw = name.encode().ljust(size, b".")
    return dataclasses.replace(delivery(name, T0 + timedelta(days=days)), raw=raw)


async def alarm(store: Store, name: str, key: str, days: int = 0, size: int = 0) -> str:
    accepted = await store.deliveries.accept(
        raised(name, days, size), [group(alert(name), key=key)]
    )
    return accepted.incidents[0]


async def is_there(store: Store, name: str) -> bool:
    found = await store.deliveries.raw(name)
    assert found is not None
    return found.deleted_at is None


async def test_old_deliveries_of_what_is_over_go_and_leave_their_digest(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        await close_incident(store, await alarm(store, "d1", "over"))
        await alarm(store, "d2", "open")
        clock.advance(29 * DAY_S)
        assert not await sweep(store, clock)
        clock.advance(2 * DAY_S)
        assert await retention(store, clock).forecast() == Taken({"delivery": 1}, 2)
        assert await is_there(store, "d1")
        assert await sweep(store, clock) == Taken({"delivery": 1}, 2)
        stub = await store.deliveries.raw("d1")
        assert stub is not None
        assert (stub.raw, dict(stub.headers)) == (b"", {})
        assert stub.digest == hashlib.sha256(b"d1").hexdigest()
        assert stub.deleted_at == clock.now()
        assert await is_there(store, "d2")


async def test_d03_a_delivery_sent_again_after_retention_is_still_known(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        incident = await alarm(store, "d1", "over")
        await close_incident(store, incident)
        clock.advance(40 * DAY_S)
        assert await sweep(store, clock)
        again = await store.deliveries.accept(delivery("d1"), [group(alert("d1"), key="over")])
        assert again.duplicate
        assert again.incidents == (incident,)


async def test_a_delivery_goes_only_when_all_its_incidents_are_over(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        groups = [group(alert("a"), key="g1"), group(alert("b"), key="g2")]
        first, second = (await store.deliveries.accept(delivery("d1"), groups)).incidents
        clock.advance(40 * DAY_S)
        await close_incident(store, first)
        assert not await sweep(store, clock)
        await close_incident(store, second)
        assert await sweep(store, clock)


async def test_evidence_stays_while_any_incident_that_saw_it_is_open_or_recent(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        kept = evidence(b"[]")
        first, second = await open_incident(store), await open_incident(store)
        later = dataclasses.replace(kept, incident=second, at=T0 + timedelta(days=80))
        await store.evidence.put(kept)
        await store.evidence.put(later)
        await close_incident(store, first)
        clock.advance(200 * DAY_S)
        assert not await sweep(store, clock), "the second incident is open"
        await close_incident(store, second)
        assert await sweep(store, clock) == Taken({"evidence": 1}, 2)
        stub = await store.evidence.get(kept.id)
        assert stub is not None
        assert (stub.body, stub.digest, stub.deleted_at) == (b"", kept.digest, clock.now())


async def test_what_another_incident_was_answered_with_of_late_stays(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        kept = evidence(b"[]")
        first, second = await open_incident(store), await open_incident(store)
        await store.evidence.put(kept)
        late = T0 + timedelta(days=80)
        await store.evidence.put(dataclasses.replace(kept, incident=second, at=late))
        for incident in (first, second):
            await close_incident(store, incident)
        clock.advance(100 * DAY_S)
        assert not await sweep(store, clock)
        clock.advance(80 * DAY_S)
        assert await sweep(store, clock)


async def test_by_size_the_oldest_go_first_until_the_rest_fits(tmp_path: Path) -> None:
    clock = FakeClock()
    rules = KeepRules(max_bytes=250)
    async with open_store(tmp_path, clock) as store:
        for day in range(5):
            incident = await alarm(store, f"d{day}", f"g{day}", days=day, size=100)
            if day != 1:
                await close_incident(store, incident)
        clock.advance(10 * DAY_S)
        forecast = await retention(store, clock, rules).forecast()
        assert await sweep(store, clock, rules) == forecast == Taken({"delivery": 3}, 300)
        there = [await is_there(store, f"d{day}") for day in range(5)]
        assert there == [False, True, False, False, True], "d1 is open, so d3 went instead"
        assert await store.bodies.kept_bytes() == 200
        assert not await sweep(store, clock, rules)


async def test_without_limits_everything_is_kept(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        await close_incident(store, await alarm(store, "d1", "over"))
        clock.advance(4000 * DAY_S)
        assert not await sweep(store, clock, KeepRules())


async def test_many_pages_of_open_ones_do_not_hide_an_old_one_behind_them(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        names = [f"d{number:03}" for number in range(230)]
        await asyncio.gather(*(alarm(store, name, "open") for name in names))
        await close_incident(store, await alarm(store, "last", "over", days=1))
        clock.advance(60 * DAY_S)
        assert await sweep(store, clock) == Taken({"delivery": 1}, 4)
        assert not await is_there(store, "last")


async def test_it_stops_at_once_when_told_and_goes_on_later(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        await close_incident(store, await alarm(store, "d1", "over"))
        clock.advance(60 * DAY_S)
        stopping = asyncio.Event()
        stopping.set()
        assert not await retention(store, clock).sweep(stopping)
        assert await is_there(store, "d1")
        assert await sweep(store, clock)


async def test_no_event_ever_goes_and_the_chains_stay_whole(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        await close_incident(store, await alarm(store, "d1", "over"))
        heads = await store.log.heads()
        clock.advance(4000 * DAY_S)
        assert await sweep(store, clock)
        assert await store.log.heads() == heads
        assert await store.verify() == []
        await store.rebuild()
        assert not await is_there(store, "d1")


async def test_the_book_of_model_calls_is_kept_for_five_weeks(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        old = ModelCall("c1", "INC-1", "r1s1", "test:model", T0, 800, 900, 100, 250)
        await store.model_calls.add(old)
        clock.advance(35 * DAY_S)
        await store.model_calls.add(dataclasses.replace(old, id="c2", at=clock.now()))
        await sweep(store, clock)
        assert (await store.model_calls.spent(T0)).calls == 2
        clock.advance(1)
        await sweep(store, clock)
        assert (await store.model_calls.spent(T0)).calls == 1


async def test_sessions_and_tokens_that_are_long_over_go_too(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        old = SessionRow("s1", "dana", "c1", T0, T0)
        await store.sessions.open(old)
        await store.sessions.spend("t1", T0)
        clock.advance(8 * DAY_S)
        await store.sessions.open(dataclasses.replace(old, id="s2", seen_at=clock.now()))
        await sweep(store, clock)
        assert await store.sessions.get("s1") is None
        assert await store.sessions.get("s2") is not None
        assert not await store.sessions.spend("t1", clock.now()), "a used link stays used"
        clock.advance(400 * DAY_S)
        await sweep(store, clock)
        assert await store.sessions.spend("t1", clock.now())
