from datetime import timedelta
from pathlib import Path

from bot.incident.events import Event
from bot.incident.reducer import State
from bot.ports import Draft
from bot.store.heads import STATES_ALERTS
from bot.store.recent import Recent
from bot.store.store import Store
from tests.bot.store.examples import ACTOR, alert, delivery, group, note, open_incident, opened
from tests.fakes import T0, FakeClock

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


async def test_the_loop_may_sleep_although_alerts_joined_but_not_past_a_note(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    async with Store.open(f"sqlite:///{tmp_path}/a.db", clock) as store:
        await opened_by(store, "f1")
        clock.advance(1)
        await store.deliveries.accept(delivery("d2", clock.now()), [group(alert("f2"))])
        assert await store.log.sleep("INC-1", 2, LATER)

        def build(_state: State) -> Draft:
            return Draft(ACTOR, (note(),))

        clock.advance(1)
        await store.log.record("INC-1", build)
        assert not await store.log.sleep("INC-1", 3, LATER)


async def test_what_was_read_before_is_read_on_from_its_end(tmp_path: Path) -> None:
    async with Store.open(f"sqlite:///{tmp_path}/a.db", FakeClock()) as store:
        incident = await open_incident(store, opened(), note("one"))
        first = await store.log.load(incident)
        first.clear()  # the caller's list is its own
        await store.log.append(incident, 2, Draft(ACTOR, (note("two"),)))
        again = await store.log.load(incident)
        assert [event.seq for event in again] == [1, 2, 3]
        assert [event.seq for event in await store.log.load(incident, after=2)] == [3]


def test_the_memory_of_what_was_read_is_bounded() -> None:
    recent = Recent(room=10)
    streams = {name: _thread(name, size) for name, size in (("a", 4), ("b", 5), ("c", 5), ("d", 6))}
    for name, events in streams.items():
        recent.put(name, events)
    kept = {name: len(recent.get(name)) for name in streams}
    assert kept == {"a": 0, "b": 5, "c": 5, "d": 0}


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


def _thread(stream: str, size: int) -> list[Event]:
    return [Event(stream, seq, T0, ACTOR, note()) for seq in range(1, size + 1)]
