"""The writer: one commit for many, one bad request among them, and a database that fails."""

import asyncio
import random
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from bot.errors import BusyError, ForbiddenError, InputError, StaleThreadError
from bot.ports import Accepted, Draft
from bot.store.sqlite import WRITER_PRAGMAS
from bot.store.store import Store, StoreLimits
from bot.store.tx import Tx
from tests.bot.store.examples import (
    alert,
    delivery,
    group,
    note,
    open_incident,
    opened,
    proposal,
    proposed,
    say,
)
from tests.fakes import FakeClock, open_store

FILL = "INSERT INTO token_spent (digest, at) VALUES (?, ?)"


def fail_next_commit(store: Store) -> None:
    """The disk fills up between the last statement and its commit."""
    failed: list[str] = []

    def fail(_connection: Connection) -> None:
        if not failed:
            failed.append("once")
            raise sqlite3.OperationalError("database or disk is full")

    assert store.database.write is not None
    event.listen(store.database.write, "commit", fail)


@pytest.mark.usefixtures("each_database")
async def test_requests_that_wait_together_are_committed_together(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        commits: list[frozenset[str]] = []
        store.listen(commits.append)
        await asyncio.gather(*(open_incident(store) for _ in range(200)))
        assert len(commits) < 50
        assert frozenset[str]().union(*commits) == {f"INC-{n}" for n in range(1, 201)}


@pytest.mark.usefixtures("each_database")
async def test_nobody_is_told_of_a_commit_that_wrote_no_event(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        commits: list[frozenset[str]] = []
        store.listen(commits.append)
        await store.log.sleep(incident, 1, None)
        assert commits == []


@pytest.mark.usefixtures("each_database")
async def test_one_bad_request_does_not_fail_the_others(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)

        def forbid(_state: object) -> Draft:
            raise ForbiddenError("not you")

        def half(tx: Tx) -> None:
            tx.run(FILL, ("half", "now"))
            raise KeyError("half way")

        ends = await asyncio.gather(
            say(store, incident, note()),
            store.log.record(incident, forbid),
            store.writer.submit(half),
            say(store, incident, opened(), note()),
            return_exceptions=True,
        )
        assert [type(end) for end in ends] == [int, ForbiddenError, KeyError, int]
        assert len(await store.log.load(incident)) == 4
        assert await store.writer.submit(lambda tx: tx.run(FILL, ("half", "now")).rowcount) == 1


@pytest.mark.usefixtures("each_database")
async def test_a_request_that_fails_after_its_events_leaves_none(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        first, second = await open_incident(store), await open_incident(store)
        asked = proposed(proposal(first))
        await say(store, first, asked)
        with pytest.raises(StaleThreadError, match="first"):  # the id is taken: its row clashes
            await say(store, second, note("with it"), asked)
        assert await say(store, second, note("without it")) == 2
        texts = [event.body for event in await store.log.load(second)]
        assert texts == [opened(), note("without it")]
        assert await store.verify() == []


@pytest.mark.usefixtures("each_database")
async def test_a_unique_index_says_somebody_was_first(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:

        def spend(tx: Tx) -> int:
            return tx.run(FILL, ("one", "now")).rowcount

        assert await store.writer.submit(spend) == 1
        with pytest.raises(StaleThreadError, match="first"):
            await store.writer.submit(spend)


async def test_what_could_not_be_committed_is_acknowledged_to_nobody(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        commits: list[frozenset[str]] = []
        store.listen(commits.append)
        fail_next_commit(store)
        ends = await asyncio.gather(
            say(store, incident, note("lost")),
            store.deliveries.accept(delivery(), [group(alert())]),
            return_exceptions=True,
        )
        assert [type(end) for end in ends] == [BusyError, BusyError]
        assert "disk is full" in str(ends[0])
        assert commits == []
        assert len(await store.log.load(incident)) == 1
        assert await say(store, incident, note("kept")) == 2
        accepted = await store.deliveries.accept(delivery(), [group(alert())])
        assert accepted.opened == ("INC-2",)
        assert await store.verify() == []
    async with open_store(tmp_path) as store:
        assert len(await store.log.load(incident)) == 2


async def test_a_full_disk_refuses_and_room_again_accepts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as tight:
        tight.setattr("bot.store.sqlite.WRITER_PRAGMAS", (*WRITER_PRAGMAS, "max_page_count=120"))
        async with open_store(tmp_path) as store:
            incident = await open_incident(store)
            ends = [await attempt(store, incident) for _ in range(100)]
            told = sum(end is None for end in ends)
            assert 0 < told < 100
            assert "full" in str(ends[-1])
            assert len(await store.log.load(incident)) == told + 1
            assert await store.verify() == []
    async with open_store(tmp_path) as store:
        assert await attempt(store, incident) is None
        assert len(await store.log.load(incident)) == told + 2
        assert await store.verify() == []


async def attempt(store: Store, incident: str) -> BusyError | None:
    try:
        await say(store, incident, note("x" * 20_000))
    except BusyError as error:
        return error
    return None


async def test_another_program_that_holds_the_file_makes_writes_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.sqlite.BUSY_TIMEOUT_S", 0.01)
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)
        other = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(BusyError, match="locked"):
                await say(store, incident, note())
            assert len(await store.log.load(incident)) == 1
            other.execute("ROLLBACK")
        finally:
            other.close()
        assert await say(store, incident, note()) == 2


async def test_a_full_queue_is_busy_at_once(tmp_path: Path) -> None:
    async with open_store(tmp_path, limits=StoreLimits(queue_max=3)) as store:
        ends = await asyncio.gather(
            *(open_incident(store) for _ in range(500)), return_exceptions=True
        )
        refused = [end for end in ends if isinstance(end, BusyError)]
        assert refused
        assert "waiting already" in str(refused[0])
        assert len(await store.log.heads()) == 500 - len(refused)


@pytest.mark.usefixtures("each_database")
async def test_stopping_commits_what_waits_and_takes_no_more(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        waiting = [asyncio.ensure_future(open_incident(store)) for _ in range(50)]
        await asyncio.sleep(0)
        await store.writer.stop()
        assert len(set(await asyncio.gather(*waiting))) == 50
        with pytest.raises(BusyError, match="stopping"):
            await open_incident(store)


@pytest.mark.usefixtures("each_database")
async def test_who_went_away_is_written_all_the_same(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        gone = asyncio.ensure_future(open_incident(store))
        await asyncio.sleep(0)
        gone.cancel()
        assert await open_incident(store) == "INC-2"
        assert gone.cancelled()
        assert len(await store.log.load("INC-1")) == 1


@pytest.mark.usefixtures("each_database")
async def test_who_enlists_writes_in_the_transaction_that_wakes(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        joined: list[frozenset[str]] = []

        def join(tx: Tx, woken: frozenset[str]) -> None:
            joined.append(woken)
            tx.run(FILL, (f"job {len(joined)}", "now"))

        store.enlist(join)
        incident = await open_incident(store)
        await store.log.sleep(incident, 1, None)  # it wakes nobody
        await asyncio.gather(say(store, incident, note()), open_incident(store))
        assert frozenset[str]().union(*joined) == {"INC-1", "INC-2"}
        assert frozenset() not in joined
        assert not await store.sessions.spend("job 1", FakeClock().now())


@pytest.mark.usefixtures("each_database")
async def test_who_enlists_and_fails_fails_them_all(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        failing = [True]

        def join(_tx: Tx, _woken: frozenset[str]) -> None:
            if failing:
                raise OSError("no queue")

        store.enlist(join)
        commits: list[frozenset[str]] = []
        store.listen(commits.append)
        with pytest.raises(BusyError, match="no queue"):
            await open_incident(store)
        assert commits == []
        assert await store.log.heads() == {}
        failing.clear()
        assert await open_incident(store) == "INC-1"
        assert await store.verify() == []


@pytest.mark.usefixtures("each_database")
async def test_a_value_the_database_cannot_hold_fails_its_request_alone(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        incident = await open_incident(store)

        def too_much(tx: Tx) -> int:
            return tx.run("UPDATE incident SET alerts = alerts + ?", (2**62,)).rowcount

        ends = await asyncio.gather(
            say(store, incident, note()),
            store.writer.submit(too_much),
            say(store, incident, note()),
            return_exceptions=True,
        )
        assert (ends[0], ends[2]) == (2, 3)
        expected = int if store.database.kind == "sqlite" else InputError
        assert isinstance(ends[1], expected)


@pytest.mark.usefixtures("each_database")
async def test_a_name_too_long_for_an_index_fails_its_delivery_alone(tmp_path: Path) -> None:
    dice = random.Random(7)  # noqa: S311 - what cannot be compressed, not a secret
    name = "".join(chr(dice.randrange(0x4E00, 0x9FFF)) for _ in range(1024))
    async with open_store(tmp_path) as store:
        ends = await asyncio.gather(
            store.deliveries.accept(delivery("d1"), [group(alert("a"), key="one")]),
            store.deliveries.accept(delivery("d2"), [group(alert("b"), key=name)]),
            store.deliveries.accept(delivery("d3"), [group(alert("c"), key="two")]),
            return_exceptions=True,
        )
        assert [isinstance(one, Accepted) for one in (ends[0], ends[2])] == [True, True]
        expected = Accepted if store.database.kind == "sqlite" else InputError
        assert isinstance(ends[1], expected)
