"""Hearing of what other processes commit to one PostgreSQL: all of it, and not of our own."""

import asyncio

import pytest
from sqlalchemy import text

from bot.incident.fact import HOUSE
from bot.incident.facts_house import BotPaused
from bot.store import turns
from bot.store.store import Store
from tests.bot.store.examples import alert, delivery, draft, group, note, open_incident, say
from tests.fakes import FakeClock
from tests.waiting import until

Heard = list[frozenset[str]]


async def test_listeners_hear_what_another_process_commits(postgresql_url: str) -> None:
    clock = FakeClock()
    async with Store.open(postgresql_url, clock) as one, Store.open(postgresql_url, clock) as other:
        heard: Heard = []
        own: Heard = []
        one.listen(heard.append)
        other.listen(own.append)
        incident = await open_incident(other)
        await other.log.record(HOUSE, lambda _: draft(BotPaused(by="dana")))
        await until(lambda: len(heard) == 2)
        assert heard == own == [frozenset({incident}), frozenset({HOUSE})]
        await other.deliveries.accept(delivery("d1"), [group(alert("a"))])
        await other.deliveries.accept(delivery("d2"), [group(alert("b"))])  # it only joins
        await until(lambda: len(heard) == 4)
        assert heard[2:] == own[2:] == [frozenset({"INC-2"}), frozenset()]


async def test_our_own_commits_are_told_once(postgresql_url: str) -> None:
    clock = FakeClock()
    async with Store.open(postgresql_url, clock) as one, Store.open(postgresql_url, clock) as other:
        heard: Heard = []
        one.listen(heard.append)
        incident = await open_incident(one)
        await say(one, incident, note())
        await open_incident(other)  # heard after ours: theirs went the same way
        await until(lambda: frozenset({"INC-2"}) in heard)
        assert heard == [frozenset({incident}), frozenset({incident}), frozenset({"INC-2"})]


async def test_more_streams_than_a_notification_holds_are_looked_up(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PAYLOAD_BYTES", 100)
    clock = FakeClock()
    async with Store.open(postgresql_url, clock) as one, Store.open(postgresql_url, clock) as other:
        heard: Heard = []
        one.listen(heard.append)
        await asyncio.gather(*(open_incident(other) for _ in range(40)))
        everything = {f"INC-{n}" for n in range(1, 41)}
        await until(lambda: frozenset[str]().union(*heard) >= everything)


def test_a_notification_fits_whatever_is_woken() -> None:
    many = {f"INC-{number}" for number in range(5000)}
    assert turns.payload("me", 7, many) == '{"by":"me","row":7,"woken":"*"}'
    assert turns.payload("me", 7, {"b", "a"}) == '{"by":"me","row":7,"woken":["a","b"]}'


async def test_a_commit_that_nothing_told_of_is_found_by_looking(postgresql_url: str) -> None:
    clock = FakeClock()
    async with Store.open(postgresql_url, clock) as one, Store.open(postgresql_url, clock) as other:
        heard: Heard = []
        one.listen(heard.append)
        incident = await open_incident(other)
        await until(lambda: len(heard) == 1)
        assert other.database.write is not None
        silent = text(
            "INSERT INTO event (stream, seq, type, v, at, actor, body, prev, hash) SELECT stream, "
            "2, type, v, at, actor, body, prev, hash FROM event"
        )

        def insert() -> None:
            with other.database.engines.listen.begin() as connection:  # pyright: ignore[reportOptionalMemberAccess]
                connection.execute(silent)

        await asyncio.to_thread(insert)
        await until(lambda: len(heard) == 2)
        assert heard[1] == frozenset({incident})


@pytest.mark.parametrize("told", ["", "hello", "7", '{"by": "x", "row": "y", "woken": []}'])
def test_what_no_commit_told_is_no_notification(told: str) -> None:
    with pytest.raises(ValueError, match="Tidings"):
        turns.read_payload(told)
    assert turns.read_payload(turns.payload("me", 7, {"b", "a"})).woken == {"a", "b"}


async def test_a_notification_that_cannot_be_read_is_ignored_and_listening_goes_on(
    postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    async with Store.open(postgresql_url, clock) as one, Store.open(postgresql_url, clock) as other:
        heard: Heard = []
        one.listen(heard.append)
        for payload in ("hello", '{"by": "x"}', "[]"):
            await other.writer.submit(lambda tx, p=payload: tx.run(turns.NOTIFY, (p,)).rowcount)
        await open_incident(other)
        await until(lambda: heard == [frozenset({"INC-1"})])
        assert "cannot be read; ignored" in caplog.text


async def test_e35_a_pause_whose_notification_was_lost_is_heard(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "NOTIFY", "SELECT CAST(? AS text)")
    clock = FakeClock()
    async with Store.open(postgresql_url, clock) as one, Store.open(postgresql_url, clock) as other:
        heard: Heard = []
        one.listen(heard.append)
        await other.log.record(HOUSE, lambda _: draft(BotPaused(by="dana")))
        await until(lambda: heard == [frozenset({HOUSE})])


async def test_a_store_that_only_reads_takes_no_turn_and_does_not_listen(
    postgresql_url: str,
) -> None:
    clock = FakeClock()
    async with Store.open(postgresql_url, clock) as store:
        incident = await open_incident(store)
        async with Store.open(postgresql_url, clock, read_only=True) as reader:
            assert reader.database.write is None
            assert reader.database.engines.listen is None
            assert len(await reader.log.load(incident)) == 1
