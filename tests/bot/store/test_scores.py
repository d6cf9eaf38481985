"""The scoreboard is read from the log of either database, and from no more of it than it needs."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, select

from bot.incident.events import stamp
from bot.incident.facts_action import DecisionRefused
from bot.incident.tally import WEIGHED, weeks_begin
from bot.store.scores import first_row
from bot.store.store import Store
from bot.store.tables import EVENT
from tests.bot.store.examples import (
    approved,
    decided,
    finished,
    note,
    open_incident,
    proposal,
    proposed,
    say,
    started,
)
from tests.fakes import FakeClock, open_store

WEEK_S = 7 * 24 * 3600.0


@pytest.fixture(name="clock")
def clock_fixture() -> FakeClock:
    return FakeClock()


@pytest.fixture(name="store")
async def store_fixture(
    each_database: str, tmp_path: Path, clock: FakeClock
) -> AsyncGenerator[Store]:
    assert each_database
    async with open_store(tmp_path, clock) as store:
        yield store


async def run_once(store: Store, clock: FakeClock, identifier: str, wait_s: float) -> str:
    """One incident whose proposal is approved after `wait_s` and succeeds."""
    incident = await open_incident(store)
    made = proposal(incident, identifier)
    await say(store, incident, proposed(made), note())
    clock.advance(wait_s)
    await say(store, incident, decided(made), approved(made))
    await say(store, incident, started(made, f"nonce-{identifier}"), finished(made))
    return incident


async def test_e44_the_log_says_what_became_of_every_proposal(
    store: Store, clock: FakeClock
) -> None:
    for number in range(3):
        await run_once(store, clock, f"ABCD{number:04}", 1 + number)
    seen = await store.scores.of_weeks(1, clock.now())
    wanted = {"proposed": 3, "approved": 3, "succeeded": 3}
    assert +seen.actions["job_run:rollback"].counts == wanted
    assert +seen.channels["console"].counts == wanted
    assert seen.total.approved_s == [1, 2, 3]
    assert seen.persons["dana"].approvals == 3


async def test_e44_an_empty_log_has_its_weeks_and_nothing_in_them(
    store: Store, clock: FakeClock
) -> None:
    seen = await store.scores.of_weeks(8, clock.now())
    assert len(seen.weeks) == 8
    assert (seen.actions, seen.channels, seen.persons, seen.conclusions) == ({}, {}, {}, {})


async def test_s002_any_past_week_can_be_asked_for(store: Store, clock: FakeClock) -> None:
    for number in range(3):
        await run_once(store, clock, f"ABCD{number:04}", 9)
        clock.advance(WEEK_S)
    clock.advance(-WEEK_S)
    for weeks in (1, 2, 3, 8):
        seen = await store.scores.of_weeks(weeks, clock.now())
        assert seen.total.counts["proposed"] == min(weeks, 3)
        assert [week.score.counts["approved"] for week in seen.weeks][-3:] == [1, 1, 1][-weeks:]


async def test_e44_an_attempt_that_belongs_to_no_incident_is_counted_where_it_came_from(
    store: Store, clock: FakeClock
) -> None:
    made = DecisionRefused(
        proposal="NONE", digest="", actor="discord:9", why="there is none", payload_digest="aa"
    )
    await say(store, "house", made)
    seen = await store.scores.of_weeks(1, clock.now())
    assert seen.channels["discord"].counts == {"refused": 1}


async def test_e44_only_facts_that_count_are_fetched_and_none_that_is_older(
    store: Store, clock: FakeClock
) -> None:
    await run_once(store, clock, "ABCD0000", 1)
    clock.advance(WEEK_S)
    incident = await run_once(store, clock, "ABCD0001", 1)
    for _ in range(50):
        await say(store, incident, note())
    fetched: list[object] = []

    def fetches(_c: object, cursor: object, sql: str, *_: object) -> None:
        if "body" in sql:
            fetched.append(sql)
            assert " IN (" in sql

    event.listen(store.database.engines.read, "before_cursor_execute", fetches)
    seen = await store.scores.of_weeks(1, clock.now())
    event.remove(store.database.engines.read, "before_cursor_execute", fetches)
    assert len(fetched) == 1
    assert seen.total.counts["proposed"] == 1


async def test_e44_the_log_is_halved_to_find_where_the_weeks_begin(
    store: Store, clock: FakeClock
) -> None:
    incident = await open_incident(store)
    times = [clock.now()]
    for _ in range(40):
        clock.advance(60)
        await say(store, incident, note())
        times.append(clock.now())
    asked: list[str] = []

    def parted(connection: Connection, since: str) -> tuple[list[str], list[str]]:
        """Return the times before the row that was found, and from it on."""
        asked.clear()
        row = first_row(connection, since)
        assert len(asked) <= 8
        rows = connection.execute(select(EVENT.c.row, EVENT.c.at).order_by(EVENT.c.row)).all()
        return [one.at for one in rows if one.row < row], [one.at for one in rows if one.row >= row]

    def asks(_c: object, _cursor: object, sql: str, *_: object) -> None:
        asked.append(sql)

    event.listen(store.database.engines.read, "before_cursor_execute", asks)
    for at in times:
        since = stamp(at)
        older, newer = await store.database.ask(lambda connection, at=since: parted(connection, at))
        assert max(older, default="") < since
        assert min(newer) == since
    event.remove(store.database.engines.read, "before_cursor_execute", asks)


def test_e44_the_weeks_begin_on_a_monday() -> None:
    clock = FakeClock()
    begun = weeks_begin(clock.now(), 1)
    assert begun.weekday() == 0
    assert timedelta(0) <= clock.now() - begun < timedelta(weeks=1)
    assert len({fact.__name__ for fact in WEIGHED}) == 18
