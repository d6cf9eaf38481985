"""The dispatcher of N processes: it shares, hands over, goes on after losses, and stops."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from procrastinate import utils

from bot.engine.postgres import dispatcher as module
from bot.engine.postgres.jobs import TURNS
from bot.engine.tenure import Tenure
from bot.errors import BusyError
from tests.bot.engine.postgres.desk import INVESTIGATIONS_AT_ONCE, Desk, Loop, by_name
from tests.bot.store.examples import note, open_incident, say
from tests.fakes import T0
from tests.waiting import WITHIN_S, until


def resting(desk: Desk, loop: Loop) -> Loop:
    """Make a loop's turns put the incident to sleep, as a drive that waits does."""

    async def turn(incident: str) -> bool:
        events = await desk.store.log.load(incident)
        while not await desk.store.log.sleep(incident, events[-1].seq, None):
            events = await desk.store.log.load(incident)
        return False

    loop.turn = turn
    return loop


async def test_what_is_committed_is_driven_and_its_job_is_gone(desk: Desk) -> None:
    loop = resting(desk, Loop())
    desk.start(loop)
    incident = await open_incident(desk.store)
    await until(lambda: loop.turns == [incident])
    await until(lambda: desk.jobs() == [])


async def test_an_alarm_is_driven_when_it_is_due_and_a_lost_job_too(desk: Desk) -> None:
    loop = resting(desk, Loop())
    incident, later = await open_incident(desk.store), await open_incident(desk.store)
    await desk.store.log.sleep(later, 1, T0 + timedelta(seconds=60))
    desk.start(loop)  # what was committed before had no job
    await until(lambda: loop.turns == [incident])
    desk.clock.advance(61)
    await until(lambda: loop.turns == [incident, later])


async def test_a_write_while_it_is_driven_here_is_looked_at_without_another_job(
    desk: Desk,
) -> None:
    going, loop = asyncio.Event(), resting(desk, Loop())
    rest = loop.turn

    async def turn(incident: str) -> bool:
        await going.wait()
        return await rest(incident)

    loop.turn = turn
    desk.start(loop)
    incident = await open_incident(desk.store)
    await until(lambda: loop.turns == [incident])
    await say(desk.store, incident, note())
    assert [job.status for job in desk.jobs()] == ["doing"]
    going.set()
    await until(lambda: loop.turns == [incident, incident] and desk.jobs() == [])


async def test_the_long_part_does_not_keep_a_turn_from_its_place(desk: Desk) -> None:
    going = asyncio.Event()

    async def entire(incident: str) -> None:
        await going.wait()

    async def turn(incident: str) -> bool:
        return incident not in loop.investigations and len(loop.turns) <= many

    many = INVESTIGATIONS_AT_ONCE + 4
    loop = Loop(turn=turn, entire=entire)
    desk.start(loop, slots=many)
    for _ in range(many):
        await open_incident(desk.store)
    await until(lambda: len(loop.investigations) == INVESTIGATIONS_AT_ONCE)
    await until(lambda: sum(job.queue == TURNS for job in desk.jobs()) == 0)
    approved = await open_incident(desk.store)
    await until(lambda: approved in loop.turns)
    going.set()
    await until(lambda: len(set(loop.investigations)) == many)


async def test_a_service_leaves_places_to_the_others(desk: Desk) -> None:
    going, inside = asyncio.Event(), set[str]()

    async def entire(incident: str) -> None:
        inside.add(incident)
        await going.wait()

    async def service(incident: str) -> str:
        return "other" if incident == other else "stormy"

    async def turn(incident: str) -> bool:
        return incident not in inside

    other = ""
    loop = Loop(turn=turn, entire=entire, service=service)
    desk.start(loop, slots=2)
    for _ in range(INVESTIGATIONS_AT_ONCE + 2):
        await open_incident(desk.store)
    await until(lambda: len(inside) == 2)
    other = await open_incident(desk.store)
    await until(lambda: other in inside)
    assert len(inside) == 3
    going.set()


async def test_a_job_without_a_place_comes_back_by_the_clock_of_the_database(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    monkeypatch.setattr(utils, "utcnow", lambda: ahead)
    going = asyncio.Event()

    async def entire(_: str) -> None:
        await going.wait()

    async def turn(_: str) -> bool:
        return True

    async def stormy(_: str) -> str:
        return "stormy"

    desk.start(Loop(turn=turn, entire=entire, service=stormy), slots=1)
    for _ in range(2):
        await open_incident(desk.store)
    later = "SELECT scheduled_at < now() + interval '5 minutes' FROM procrastinate_jobs WHERE "
    waiting = f"{later} status = 'todo' AND queue_name = 'investigations' AND attempts > 0"
    await until(lambda: desk.ask(waiting) == [(True,)])
    going.set()


async def test_two_workers_share_and_never_meet(desk: Desk) -> None:
    inside: list[str] = []

    async def turn(incident: str) -> bool:
        assert incident not in inside
        inside.append(incident)
        await asyncio.sleep(0.02)
        inside.remove(incident)
        return await rest(incident)

    one, two = resting(desk, Loop()), Loop()
    rest, one.turn, two.turn = one.turn, turn, turn
    desk.start(one)
    desk.start(two)
    incidents = [await open_incident(desk.store) for _ in range(60)]
    await until(lambda: {*one.turns, *two.turns} == set(incidents) and desk.jobs() == [])
    assert one.turns
    assert two.turns


async def test_an_incident_that_fails_is_tried_again_and_holds_up_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKOFF_S", 0.1)
    loop = resting(desk, Loop())
    rest, failures = loop.turn, [BusyError("the database is away"), RuntimeError("a bug")]

    async def turn(incident: str) -> bool:
        if incident == ill and failures:
            raise failures.pop()
        return await rest(incident)

    loop.turn = turn
    ill = await open_incident(desk.store)
    desk.start(loop)
    well = await open_incident(desk.store)
    await until(lambda: well in loop.turns)
    await until(lambda: loop.turns.count(ill) == 3)
    await until(lambda: desk.jobs() == [])


async def test_a_process_taken_for_dead_ends_its_drives_and_begins_anew(desk: Desk) -> None:
    tenure, going, held = Tenure(8.0), asyncio.Event(), list[bool]()
    loop = resting(desk, Loop())
    rest = loop.turn

    async def turn(incident: str) -> bool:
        if len(loop.turns) == 1:
            await going.wait()
            held.append(tenure.held)
            raise BusyError("what TenuredLog says")
        return await rest(incident)

    loop.turn = turn
    desk.start(loop, tenure=tenure)
    incident = await open_incident(desk.store)
    await until(lambda: loop.turns == [incident])
    assert tenure.held
    before = desk.ask("DELETE FROM procrastinate_workers RETURNING id")
    await until(lambda: not tenure.held)
    going.set()
    await until(lambda: tenure.held and desk.jobs() == [] and len(loop.turns) > 1)
    assert held == [False]
    after = desk.ask("SELECT id FROM procrastinate_workers")
    assert not {*before} & {*after}


async def test_g02_stopping_waits_for_what_runs_beats_on_and_takes_nothing_new(
    desk: Desk,
) -> None:
    going, done = asyncio.Event(), list[str]()

    async def turn(incident: str) -> bool:
        await going.wait()
        done.append(incident)
        return False

    loop = Loop(turn=turn)
    made = desk.start(loop)
    first = await open_incident(desk.store)
    await until(lambda: loop.turns == [first])
    stopping = asyncio.create_task(made.stop(60))
    (beaten,) = desk.ask("SELECT max(last_heartbeat) FROM procrastinate_workers")[0]
    fresh = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > %s"
    await until(lambda: desk.ask(fresh, beaten) != [(0,)])
    await open_incident(desk.store)
    going.set()
    await stopping
    assert done == [first]
    await until(lambda: desk.ask("SELECT count(*) FROM procrastinate_workers") == [(0,)])
    assert [job.status for job in desk.jobs()] == ["todo"]


async def test_g02_what_does_not_end_in_time_is_cancelled(desk: Desk) -> None:
    async def turn(incident: str) -> bool:
        await asyncio.Event().wait()
        return False

    loop = Loop(turn=turn, service=by_name)
    made = desk.start(loop)
    await open_incident(desk.store)
    await until(lambda: loop.turns)
    await made.stop(0.05)
    assert made.busy == 0


async def test_a_rolling_restart_under_load_loses_nothing(desk: Desk) -> None:
    inside: list[str] = []

    def slow() -> Loop:
        loop = resting(desk, Loop())
        rest = loop.turn

        async def turn(incident: str) -> bool:
            assert incident not in inside
            inside.append(incident)
            await asyncio.sleep(0.05)
            inside.remove(incident)
            return await rest(incident)

        loop.turn = turn
        return loop

    loops = [slow() for _ in range(4)]
    running = [desk.start(loop) for loop in loops[:2]]
    incidents: list[str] = []
    for loop in loops[2:]:
        incidents += [await open_incident(desk.store) for _ in range(30)]
        await until(lambda: inside)
        await running.pop(0).stop(60)  # as SIGTERM does; what it did not begin is for others
        running.append(desk.start(loop))
    incidents += [await open_incident(desk.store) for _ in range(10)]
    await until(lambda: desk.jobs() == [])
    assert {name for loop in loops for name in loop.turns} == set(incidents)
    assert await desk.store.log.due(desk.clock.now()) == []


async def test_a_server_that_dropped_every_connection_is_come_back_to(desk: Desk) -> None:
    loop = resting(desk, Loop())
    desk.start(loop)
    first = await open_incident(desk.store)
    await until(lambda: loop.turns == [first])
    for _ in range(2):
        desk.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    second = await opened_at_last(desk)
    await until(lambda: second in loop.turns and desk.jobs() == [])


async def opened_at_last(desk: Desk) -> str:
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                return await open_incident(desk.store)
            except BusyError:
                await asyncio.sleep(0.05)
