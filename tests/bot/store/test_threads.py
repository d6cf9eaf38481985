"""Threads folded once for all readers: what is read, what is remembered, and what nobody tears."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from bot.errors import BotError
from bot.incident.events import Unknown
from bot.incident.fact import Fact
from bot.incident.reducer import State, fold
from bot.incident.state import Spoken
from bot.ports import Draft
from bot.store import recent, threads
from bot.store.store import Store
from bot.store.threads import weigh
from tests.bot.store.examples import alert, delivery, group, note, open_incident, say
from tests.fakes import FakeClock, open_store

pytestmark = pytest.mark.usefixtures("each_database")
READERS = 5


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what is decoded, by the event's type."""
    counts: Counter[str] = Counter()
    read = recent.read_fact

    def counting(kind: str, v: int, body: bytes) -> Fact | Unknown:
        counts[kind] += 1
        return read(kind, v, body)

    monkeypatch.setattr(recent, "read_fact", counting)
    return counts


async def live(store: Store, count: int) -> None:
    """Let an incident receive `count` alerts and notes, each of which all readers look at."""
    for number in range(count):
        if number % 2:
            await say(store, "INC-1", note(f"note {number}"))
        else:
            told = [group(alert(f"f{number}"))]
            await store.deliveries.accept(delivery(f"d{number}"), told)
        seen = await asyncio.gather(*(store.log.state("INC-1") for _ in range(READERS)))
        assert {state.seq for state in seen} == {number + 2}


@pytest.mark.parametrize("count", [20, 60])
async def test_each_event_is_decoded_once_however_many_read_it(
    tmp_path: Path, decoded: Counter[str], count: int
) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        await live(store, count)
        state = await store.log.state("INC-1")
        assert state.seq == count + 1
        assert count <= sum(decoded.values()) <= state.seq  # not times READERS, and not squared
        assert state == fold(await store.log.load("INC-1"))


async def test_a_state_stays_as_it_was_given_out(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        incident = await open_incident(store)
        before = await store.log.state(incident)
        assert await store.log.state(incident) is before
        await say(store, incident, note("one"))
        after = await store.log.state(incident)
        assert (before.seq, before.incident.said) == (1, [])
        assert [one.text for one in after.incident.said] == ["one"]


async def test_readers_at_once_read_a_thread_once(tmp_path: Path, decoded: Counter[str]) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        incident = await open_incident(store)
        seen = await asyncio.gather(*(store.log.state(incident) for _ in range(READERS)))
        assert all(state is seen[0] for state in seen)
        assert sum(decoded.values()) == 1


async def test_what_was_rolled_back_is_never_in_a_state(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        incident = await open_incident(store)

        def build(state: State) -> Draft:
            state.incident.title = "never written"
            raise BotError("no")

        with pytest.raises(BotError, match="no"):
            await store.log.record(incident, build)
        await say(store, incident, note())
        state = await store.log.state(incident)
        assert state == fold(await store.log.load(incident))
        assert state.incident.title == "Error rate is high"


async def test_a_stream_that_is_not_there_is_empty_until_it_is(tmp_path: Path) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        assert not (await store.log.state("INC-1")).exists
        await open_incident(store)
        assert (await store.log.state("INC-1")).exists


async def test_what_is_remembered_is_bounded_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_store(tmp_path, FakeClock()) as store:
        first, second = [await open_incident(store) for _ in range(2)]
        one = await store.log.state(first)
        monkeypatch.setattr(threads, "WEIGHT", weigh(one))
        await store.log.state(second)
        again = await store.log.state(first)
        assert again is not one
        assert again == one


def test_a_state_weighs_what_its_alerts_do() -> None:
    assert weigh(State()) < 10
    heavy = State()
    heavy.incident.said = [Spoken(FakeClock().now(), "dana", "x")] * 50
    assert weigh(heavy) == weigh(State()) + 50


async def test_what_another_process_wrote_is_seen(postgresql_url: str) -> None:
    clock = FakeClock()
    async with Store.open(postgresql_url, clock) as one, Store.open(postgresql_url, clock) as other:
        incident = await open_incident(one)
        assert (await one.log.state(incident)).seq == 1
        await say(other, incident, note("from afar"))
        state = await one.log.state(incident)
        assert [one.text for one in state.incident.said] == ["from afar"]
