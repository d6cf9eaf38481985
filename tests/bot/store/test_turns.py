"""Processes on one PostgreSQL take turns; a lost commit; a server that goes away."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import OperationalError

from bot.errors import BusyError, StaleThreadError
from bot.incident.reducer import State
from bot.ports import Draft
from bot.store import turns
from bot.store.store import Store
from tests.bot.store.examples import alert, delivery, draft, group, note, open_incident, say
from tests.databases import Server
from tests.fakes import FakeClock


@asynccontextmanager
async def two_stores(url: str) -> AsyncGenerator[tuple[Store, Store]]:
    async with Store.open(url, FakeClock()) as one, Store.open(url, FakeClock()) as other:
        yield one, other


async def test_two_processes_that_write_one_stream_leave_a_sound_chain(postgresql_url: str) -> None:
    async with two_stores(postgresql_url) as stores:
        incident = await open_incident(stores[0])
        seen: list[int] = []

        def build(state: State) -> Draft:
            seen.append(state.seq)
            assert [one.text for one in state.incident.said] == ["x"] * (state.seq - 1)
            return draft(note("x"))

        await asyncio.gather(
            *(stores[n % 2].log.record(incident, build) for n in range(60)),
            *(open_incident(stores[n % 2]) for n in range(20)),
        )
        assert sorted(seen) == list(range(1, 61))
        assert len(await stores[1].log.heads()) == 21
        assert await stores[0].verify() == []


async def test_what_another_process_wrote_fences_an_append(postgresql_url: str) -> None:
    async with two_stores(postgresql_url) as stores:
        incident = await open_incident(stores[0])
        for seq in range(1, 6):
            first, second = stores[seq % 2], stores[(seq + 1) % 2]
            await first.log.append(incident, seq, draft(note()))
            with pytest.raises(StaleThreadError, match=f"moved on from event {seq} to {seq + 1}"):
                await second.log.append(incident, seq, draft(note()))
        assert await stores[0].verify() == []


async def test_one_delivery_to_two_processes_is_one_incident(postgresql_url: str) -> None:
    async with two_stores(postgresql_url) as (one, other):
        took = await asyncio.gather(
            *(store.deliveries.accept(delivery("d1"), [group(alert())]) for store in (one, other)),
            *(store.deliveries.accept(delivery("d2"), [group(alert())]) for store in (one, other)),
        )
        assert {accepted.incidents for accepted in took} == {("INC-1",)}
        assert sum(len(accepted.opened) for accepted in took) == 1
        assert len(await one.log.load("INC-1")) == 2


async def test_what_a_process_took_back_is_not_remembered(postgresql_url: str) -> None:
    async with two_stores(postgresql_url) as (one, other):
        incident = await open_incident(one)
        failing = [True]

        def fail(_connection: Connection) -> None:
            if failing and failing.pop():
                raise OSError("the network is down")

        assert one.database.write is not None
        event.listen(one.database.write, "commit", fail)
        with pytest.raises(BusyError, match="network is down"):
            await say(one, incident, note("lost"))
        assert await say(other, incident, note("kept")) == 2
        assert await say(one, incident, note("kept")) == 3
        assert await one.verify() == []


@pytest.mark.parametrize("when", ["before the commit", "after the commit"])
async def test_a_commit_whose_answer_is_lost_is_looked_up(postgresql_url: str, when: str) -> None:
    """The connection dies as COMMIT is said: what the server made of it is what is told."""
    async with two_stores(postgresql_url) as (one, other):
        incident = await open_incident(one)
        woken: list[frozenset[str]] = []
        one.listen(woken.append)
        cut_next_commit(one, is_kept=when == "after the commit")
        if when == "after the commit":
            assert await say(one, incident, note("written")) == 2
            assert frozenset({incident}) in woken
        else:
            with pytest.raises(BusyError, match="try again"):
                await say(one, incident, note("lost"))
            assert await say(one, incident, note("again")) == 2
        assert await say(other, incident, note("after")) == 3
        assert await say(one, incident, note("last")) == 4
        assert await one.verify() == []


async def test_a_lost_commit_without_an_event_is_looked_up_too(postgresql_url: str) -> None:
    async with two_stores(postgresql_url) as (one, _):
        await open_incident(one)
        for is_kept in (True, False):
            cut_next_commit(one, is_kept=is_kept)
            spend = one.sessions.spend(f"digest {is_kept}", FakeClock().now())
            if is_kept:
                assert await spend
            else:
                with pytest.raises(BusyError, match="try again"):
                    await spend
                assert await one.sessions.spend("digest False", FakeClock().now())


def cut_next_commit(store: Store, *, is_kept: bool) -> None:
    """Let the writer's backend be ended as it commits, with or without what it wrote."""
    left = [True]

    def cut(connection: Connection) -> None:
        if not left:
            return
        left.pop()
        driver = connection.connection.driver_connection
        assert driver is not None
        if is_kept:
            driver.commit()
        driver.pgconn.finish()

    assert store.database.write is not None
    event.listen(store.database.write, "commit", cut)


async def test_a_commit_that_nobody_can_tell_of_says_so_and_is_heard_of(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two_stores(postgresql_url) as (one, other):
        incident = await open_incident(one)
        woken: asyncio.Queue[frozenset[str]] = asyncio.Queue()
        one.listen(woken.put_nowait)

        def nobody_answers(*_: object) -> bool:
            raise OperationalError("", None, OSError("no route to host"))

        with monkeypatch.context() as away:
            away.setattr(turns, "SETTLE_S", 0.0)
            away.setattr(turns, "is_there", nobody_answers)
            cut_next_commit(one, is_kept=True)
            with pytest.raises(BusyError, match="look whether it was kept"):
                await say(one, incident, note("who knows"))
        async with asyncio.timeout(60):
            while incident not in await woken.get():
                pass
        assert await say(one, incident, note("after")) == 3
        assert await other.verify() == []


async def test_a_row_that_the_lost_commit_left_to_another_process_is_learned_of(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with two_stores(postgresql_url) as (one, other):
        lost, known = await open_incident(one), await open_incident(one)

        def nobody_answers(*_: object) -> bool:
            raise OperationalError("", None, OSError("no route to host"))

        with monkeypatch.context() as away:
            away.setattr(turns, "SETTLE_S", 0.0)
            away.setattr(turns, "is_there", nobody_answers)
            cut_next_commit(one, is_kept=False)
            with pytest.raises(BusyError, match="look whether it was kept"):
                await say(one, lost, note("not kept"))
        again = text("SELECT setval(pg_get_serial_sequence('event', 'row'), max(row)) FROM event")
        assert other.database.write is not None
        with other.database.write.begin() as connection:
            connection.execute(again)  # as after a crash of the server
        assert await say(other, known, note("in the same row")) == 2
        recorded = await one.log.append(known, 2, draft(note("on top of it")))
        assert recorded.seq == 3


async def test_ended_connections_are_replaced_before_anybody_notices(
    postgresql: Server, postgresql_url: str
) -> None:
    name = make_url(postgresql_url).database or ""
    async with Store.open(postgresql_url, FakeClock()) as store:
        incident = await open_incident(store)
        await store.log.load(incident)
        for seq in range(2, 5):
            await asyncio.to_thread(postgresql.end_connections, name)
            assert await say(store, incident, note()) == seq
            assert len(await store.log.load(incident)) == seq
        assert await store.verify() == []


async def test_a_server_that_is_away_makes_all_busy_until_it_is_back(
    postgresql: Server, postgresql_url: str
) -> None:
    name = make_url(postgresql_url).database or ""
    async with two_stores(postgresql_url) as (one, other):
        incident = await open_incident(one)
        woken: asyncio.Queue[frozenset[str]] = asyncio.Queue()
        other.listen(woken.put_nowait)
        for seq in range(2, 4):
            await asyncio.to_thread(postgresql.lock_out, name)
            for _ in range(2):
                with pytest.raises(BusyError, match="not currently accepting"):
                    await say(one, incident, note("lost"))
                with pytest.raises(BusyError, match="did not answer"):
                    await one.log.load(incident)
            await asyncio.to_thread(postgresql.let_in, name)
            assert await say(one, incident, note()) == seq
            assert len(await other.log.load(incident)) == seq
            async with asyncio.timeout(60):  # it listens again by itself
                while incident not in await woken.get():
                    pass
        assert await one.verify() == []


async def test_a_server_that_only_reads_makes_writers_busy_until_it_takes_writes_again(
    postgresql: Server, postgresql_url: str
) -> None:
    name = make_url(postgresql_url).database or ""
    only_reads = f"ALTER DATABASE {name} SET default_transaction_read_only = "
    async with Store.open(postgresql_url, FakeClock()) as store:
        incident = await open_incident(store)
        postgresql.admin.execute(f"{only_reads} on".encode())
        await asyncio.to_thread(postgresql.end_connections, name)
        with pytest.raises(BusyError, match="read-only"):
            await say(store, incident, note("lost"))
        with pytest.raises(BusyError, match="read-only"):
            await store.probe()
        assert len(await store.log.load(incident)) == 1
        postgresql.admin.execute(f"{only_reads} off".encode())
        await asyncio.to_thread(postgresql.end_connections, name)
        assert await say(store, incident, note()) == 2
        assert await store.verify() == []
