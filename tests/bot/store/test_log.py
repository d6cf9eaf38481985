"""The log: heads, refusals, folded states, alarms, and what it never does."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import NotFoundError, StaleThreadError
from bot.incident.events import GENESIS, ChainLink, chain, encode, stamp
from bot.incident.fact import HOUSE, Fact
from bot.incident.facts_action import DecisionRefused
from bot.incident.facts_house import BotPaused
from bot.incident.reducer import State, fold
from bot.ports import Draft, Refusal
from bot.store import heads
from tests.bot.store.examples import (
    ACTOR,
    alert,
    delivery,
    draft,
    group,
    note,
    open_incident,
    opened,
    say,
)
from tests.fakes import T0, FakeClock, open_store

pytestmark = pytest.mark.usefixtures("each_database")

AGAIN = {
    "sqlite": "INSERT OR REPLACE INTO event SELECT * FROM event",
    "postgresql": "TRUNCATE event",
}


async def test_what_was_appended_is_loaded_and_chained_from_the_beginning(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        made = await store.log.append(incident, 1, draft(note("a"), note("b")))
        events = await store.log.load(incident)
        assert [event.seq for event in events] == [1, 2, 3]
        assert events[1:] == list(made.events) == await store.log.load(incident, after=1)
        digest = GENESIS
        for event in events:
            assert isinstance(event.body, Fact)
            body = encode(event.body)
            link = ChainLink(incident, event.seq, event.type, 1, stamp(event.at), body, ACTOR)
            digest = chain(digest, link)
        assert await store.log.heads() == {incident: (3, digest.hex())}
        assert await store.log.heads(incident) == {incident: (3, digest.hex())}
        assert await store.log.heads("INC-99") == {}
        assert await store.log.changed() == 3


async def test_an_append_that_expects_another_head_writes_nothing(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        await say(store, incident, note())
        for expect in (0, 1, 3):
            with pytest.raises(StaleThreadError, match="moved on"):
                await store.log.append(incident, expect, draft(note()))
        assert len(await store.log.load(incident)) == 2


async def test_record_builds_on_the_state_at_the_head(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        for number in range(3):

            def build(state: State, number: int = number) -> Draft:
                assert [one.text for one in state.incident.said] == list("012"[:number])
                return draft(note(str(number)))

            await store.log.record(incident, build)


async def test_record_sees_alerts_that_were_appended_without_a_fold(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        accepted = await store.deliveries.accept(delivery("d1"), [group(alert("a"))])
        await say(store, accepted.incidents[0], note())
        await store.deliveries.accept(delivery("d2"), [group(alert("b"))])
        states: list[State] = []

        def build(state: State) -> Refusal:
            states.append(state)
            return Refusal("only looking")

        await store.log.record("INC-1", build)
        assert list(states[0].incident.alerts) == ["a", "b"]
        assert states[0] == fold(await store.log.load("INC-1"))


async def test_a_refusal_writes_only_what_is_for_the_record(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        quiet = Refusal("no")
        made = await store.log.record(incident, lambda _: quiet)
        assert (made.events, made.seq, made.refusal) == ((), 1, quiet)
        fact = DecisionRefused(proposal="", digest="", actor="a:b", why="no", payload_digest="")
        loud = Refusal("no", (fact,), "slack:T/U")
        made = await store.log.record(incident, lambda _: loud)
        assert [(event.actor, event.body) for event in made.events] == [("slack:T/U", fact)]
        assert (made.seq, made.refusal) == (2, loud)


async def test_a_write_rings_the_alarm_and_sleep_sets_it_only_at_the_head(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock) as store:
        incident = await open_incident(store)
        assert await store.log.due(T0) == [incident]
        later = T0 + timedelta(minutes=5)
        assert not await store.log.sleep(incident, 0, later)
        assert await store.log.sleep(incident, 1, later)
        assert await store.log.due(T0) == []
        assert await store.log.due(later) == [incident]
        assert await store.log.sleep(incident, 1, None)
        assert await store.log.due(later) == []
        clock.advance(1)
        await say(store, incident, note())
        assert await store.log.due(clock.now()) == [incident]


async def test_alarms_ring_earliest_first_and_no_more_than_asked(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        for minutes in (3, 1, 2):
            incident = await open_incident(store)
            await store.log.sleep(incident, 1, T0 + timedelta(minutes=minutes))
        late = T0 + timedelta(hours=1)
        assert await store.log.due(late) == ["INC-2", "INC-3", "INC-1"]
        assert await store.log.due(late, limit=1) == ["INC-2"]


async def test_an_incident_begins_by_being_opened(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        with pytest.raises(NotFoundError, match="INC-9"):
            await say(store, "INC-9", note())
        with pytest.raises(NotFoundError, match="no incident"):
            await say(store, "elsewhere", opened())
        assert await store.log.heads() == {}


async def test_the_house_has_a_stream_of_its_own(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        seen: list[int] = []

        def build(state: State) -> Draft:
            seen.append(state.seq)
            return draft(BotPaused(by="dana"))

        await store.log.record(HOUSE, build)
        await store.log.record(HOUSE, build)
        assert seen == [0, 1]
        assert [event.type for event in await store.log.load(HOUSE)] == ["BotPaused"] * 2
        assert await store.log.due(T0) == []


async def test_a_hundred_writers_at_once_leave_no_gap(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        seen: list[int] = []

        def build(state: State) -> Draft:
            seen.append(state.seq)
            return draft(note(str(state.seq)))

        await asyncio.gather(*(store.log.record(incident, build) for _ in range(100)))
        assert seen == list(range(1, 101))
        events = await store.log.load(incident)
        assert [event.seq for event in events] == list(range(1, 102))
        assert await store.verify() == []


async def test_of_fifty_appends_that_expect_one_head_one_wins(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        tries = (store.log.append(incident, 1, draft(note())) for _ in range(50))
        ends = await asyncio.gather(*tries, return_exceptions=True)
        assert sum(isinstance(end, StaleThreadError) for end in ends) == 49
        assert len(await store.log.load(incident)) == 2


async def test_fifty_incidents_opened_at_once_have_fifty_ids(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        made = await asyncio.gather(*(open_incident(store) for _ in range(50)))
        assert sorted(made) == sorted(f"INC-{number}" for number in range(1, 51))


async def test_what_fell_out_of_memory_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "STATES", 2)
    monkeypatch.setattr(heads, "HASHES", 2)
    async with open_store(tmp_path) as store:
        for _ in range(5):
            await open_incident(store)
        for seq in (2, 3):
            for number in range(1, 6):
                assert await say(store, f"INC-{number}", note()) == seq
        assert await store.verify() == []


async def test_what_was_told_is_there_after_the_file_was_opened_again(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        before = await store.log.load(incident)
    async with open_store(tmp_path) as store:
        assert await store.log.load(incident) == before
        assert await say(store, incident, note()) == 2
        assert await store.verify() == []


@pytest.mark.parametrize("attack", ["UPDATE event SET v = 2", "DELETE FROM event", "again"])
async def test_e42_the_log_only_grows(tmp_path: Path, attack: str) -> None:
    async with open_store(tmp_path) as store:
        await open_incident(store)
        if attack == "again":
            attack = AGAIN[store.database.kind]
        with pytest.raises(StaleThreadError, match="only grows"):
            await store.writer.submit(lambda tx: tx.run(attack).rowcount)
        assert len(await store.log.load("INC-1")) == 1
