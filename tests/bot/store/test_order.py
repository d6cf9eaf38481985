"""Alerts in the wrong order, twice, at wrong times, and over a restart (D-07)."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from bot.incident.model import Alert
from bot.incident.reducer import State, fold
from bot.store.store import Store
from tests.bot.store.derived import derived
from tests.bot.store.examples import alert, delivery, group, note, open_incident, say
from tests.fakes import T0, FakeClock, open_store


def later(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def over(fingerprint: str, began: datetime, ended: datetime) -> Alert:
    gone = alert(fingerprint, "resolved", began)
    return gone.model_copy(update={"ends_at": ended})


async def told(store: Store, clock: FakeClock, name: str, *alerts: Alert) -> None:
    await store.deliveries.accept(delivery(name, clock.now()), [group(*alerts)])


async def state_of(store: Store, incident: str = "INC-1") -> State:
    return fold(await store.log.load(incident))


async def test_d07_two_alertmanagers_that_speak_at_once_are_heard_as_one(tmp_path: Path) -> None:
    """Each of the pair groups and sends for itself: same alerts, other deliveries, interleaved."""
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        for number in range(6):
            fresh = [alert(f"f{one}") for one in range(number + 1)]
            await asyncio.gather(
                told(store, clock, f"am1-{number}", *fresh),
                told(store, clock, f"am2-{number}", *reversed(fresh)),
                told(store, clock, f"am1-again-{number}", *fresh),
            )
            clock.advance(30)
        gone = [over(f"f{one}", T0, later(3)) for one in range(6)]
        await asyncio.gather(
            told(store, clock, "am1-gone", *gone), told(store, clock, "am2-gone", *gone)
        )
        heads = await store.log.heads()
        assert set(heads) == {"INC-1"}
        events = await store.log.load("INC-1")
        assert [event.type for event in events] == ["IncidentOpened"] + ["AlertsReceived"] * 7
        lines = (await state_of(store)).incident.alerts.values()
        assert [(line.alert.status, line.times) for line in lines] == [("resolved", 2)] * 6


async def test_d07_a_late_resolve_of_the_time_before_does_not_resolve_this_time(
    tmp_path: Path,
) -> None:
    """One of a pair was cut off; what it says of an hour ago says nothing about now."""
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        await told(store, clock, "am1-1", alert("a", starts_at=T0))
        clock.advance(3600)
        await told(store, clock, "am1-2", alert("a", starts_at=later(60)))
        await told(store, clock, "am2-late", over("a", T0, later(20)))
        firing = (await state_of(store)).incident.firing
        assert [one.starts_at for one in firing] == [later(60)]
        await told(store, clock, "am1-3", over("a", later(60), later(61)))
        assert (await state_of(store)).incident.firing == []


async def test_d07_a_pair_that_saw_different_beginnings_still_resolves(tmp_path: Path) -> None:
    """One of a pair was restarted and counts from later; only one of them sends the resolve."""
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        await told(store, clock, "am1-1", alert("a", starts_at=T0))
        await told(store, clock, "am2-1", alert("a", starts_at=later(5)))
        await told(store, clock, "am1-2", over("a", T0, later(9)))
        assert (await state_of(store)).incident.firing == []


async def test_a_sender_whose_clock_is_wrong_is_heard_all_the_same(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        ahead, behind = later(600), T0 - timedelta(days=400)
        await told(store, clock, "d1", alert("a", starts_at=ahead), alert("b", starts_at=behind))
        assert len((await state_of(store)).incident.firing) == 2
        clock.advance(60)
        gone = [over("a", ahead, ahead + timedelta(minutes=1)), over("b", behind, T0)]
        await told(store, clock, "d2", *gone)
        assert (await state_of(store)).incident.firing == []
        clock.advance(60)  # its clock was mended: the next time begins before the last one
        await told(store, clock, "d3", alert("a", starts_at=clock.now()))
        assert [one.fingerprint for one in (await state_of(store)).incident.firing] == ["a"]


async def test_d07_a_restart_between_firing_and_resolved_loses_neither(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        await told(store, clock, "d1", alert("a"))
    clock.advance(60)
    async with open_store(tmp_path, clock) as store:
        await told(store, clock, "d2", alert("a"))  # the other of the pair, after the restart
        await told(store, clock, "d3", over("a", T0, later(1)))
    async with open_store(tmp_path, clock) as store:
        await told(store, clock, "d4", alert("a"))
        state = await state_of(store)
        assert (state.seq, state.incident.firing) == (3, [])
        assert set(await store.log.heads()) == {"INC-1"}


async def test_a_clock_that_is_set_back_keeps_every_thread_in_order(tmp_path: Path) -> None:
    clock = FakeClock()
    heard: list[str] = []
    async with open_store(tmp_path, clock) as store:
        await told(store, clock, "d1", alert("a"))
        clock.advance(-3600)
        await told(store, clock, "d2", alert("b"))
        await say(store, "INC-1", note())
        heard += await store.log.due(clock.now())
        assert await open_incident(store) == "INC-2"
    async with open_store(tmp_path, clock) as store:  # the order holds over a restart too
        clock.advance(-60)
        await say(store, "INC-1", note())
        live = await derived(store)
        assert [event.at for event in await store.log.load("INC-1")] == [T0] * 5
        assert await store.verify() == []
        await store.rebuild()
        assert await derived(store) == live
        clock.advance(7200)
        await say(store, "INC-1", note())
        assert (await store.log.load("INC-1"))[-1].at == clock.now()
        (second,) = await store.log.load("INC-2")
        assert second.at == T0 - timedelta(hours=1)  # one thread's times are not another's
    assert heard == ["INC-1"]


async def test_an_alarm_rings_by_the_clock_also_when_that_was_set_back(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        await told(store, clock, "d1", alert("a"))
        clock.advance(-7200)
        assert await store.log.sleep("INC-1", 2, None)
        await say(store, "INC-1", note())
        assert await store.log.due(clock.now()) == ["INC-1"]


async def test_what_a_rebuild_knows_of_occurrences_is_what_was_accepted(tmp_path: Path) -> None:
    """With clocks that jump, only the order in the log tells what was news."""
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        clock.advance(3600)
        await told(store, clock, "d0", alert("b"))
        clock.advance(-3600)
        await told(store, clock, "d1", alert("a"))
        await told(store, clock, "d2", over("a", T0, later(1)))
        clock.advance(360)
        await told(store, clock, "d3", alert("a"))
        live = await derived(store)
        await store.rebuild()
        assert await derived(store) == live
        assert {one.fingerprint for one in (await state_of(store)).incident.firing} == {"a", "b"}
