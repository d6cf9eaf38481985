"""Jobs are in the transaction that caused them, wait once, and are rescued once."""

import asyncio
from collections.abc import AsyncGenerator

import psycopg
import pytest
from procrastinate import App, PsycopgConnector

from bot.engine.postgres.jobs import (
    INVESTIGATIONS,
    TURNS,
    PatientJobs,
    beat,
    defer_investigation,
    defer_turns,
    due_jobless,
    rescue,
)
from bot.errors import BusyError
from bot.incident.facts_alerts import SeverityChanged
from bot.incident.model import SEVERITIES
from bot.store.tx import Tx
from tests.bot.engine.postgres.desk import Desk, Loop
from tests.bot.store.examples import note, open_incident, say
from tests.waiting import until

OLD = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour' WHERE id = %s"
TAKE = "SELECT id, lock FROM procrastinate_fetch_job_v2(%s::varchar[], %s) WHERE id IS NOT NULL"
END = "SELECT procrastinate_finish_job_v1(%s, 'succeeded', true)"


@pytest.fixture
async def app(desk: Desk) -> AsyncGenerator[App]:
    made = App(connector=PsycopgConnector(conninfo=desk.conninfo, min_size=1))
    async with made.open_async():
        yield made


@pytest.fixture
def enlisted(desk: Desk) -> Desk:
    desk.enlist(desk.dispatcher(Loop()))
    return desk


def hire(desk: Desk) -> int:
    (worker,) = desk.ask("SELECT * FROM procrastinate_register_worker_v1()")
    return int(worker[0])


def take(desk: Desk, worker: int, queue: str = TURNS) -> tuple[int, str] | None:
    found = desk.ask(TAKE, [queue], worker)
    return (found[0][0], found[0][1]) if found else None


def take_all(desk: Desk, worker: int) -> list[tuple[int, str]]:
    taken: list[tuple[int, str]] = []
    while (one := take(desk, worker)) is not None:
        taken.append(one)
    return taken


async def test_a_turn_is_deferred_with_the_event_that_wants_it(enlisted: Desk) -> None:
    incident = await open_incident(enlisted.store)
    assert [job[:3] for job in enlisted.jobs()] == [(TURNS, incident, "todo")]


async def test_a_job_is_rolled_back_with_its_event(enlisted: Desk) -> None:
    failing = True

    def fail(tx: Tx, woken: frozenset[str]) -> None:
        if failing:
            raise RuntimeError("the database is ill")

    enlisted.store.enlist(fail)
    with pytest.raises(BusyError):
        await open_incident(enlisted.store)
    assert enlisted.jobs() == []
    assert enlisted.ask("SELECT count(*) FROM event") == [(0,)]
    failing = False
    await open_incident(enlisted.store)
    assert len(enlisted.jobs()) == 1


async def test_a_turn_waits_once_for_an_incident(enlisted: Desk) -> None:
    incident = await open_incident(enlisted.store)
    await asyncio.gather(*(say(enlisted.store, incident, note()) for _ in range(20)))
    assert len(enlisted.jobs()) == 1


async def test_what_is_written_while_a_job_runs_elsewhere_waits_for_its_end(enlisted: Desk) -> None:
    incident = await open_incident(enlisted.store)
    worker = hire(enlisted)
    running = take(enlisted, worker)
    assert running is not None
    await say(enlisted.store, incident, note())
    assert [job.status for job in enlisted.jobs()] == ["doing", "todo"]
    assert take(enlisted, worker) is None
    enlisted.ask(END, running[0])
    assert take(enlisted, worker) is not None


async def test_the_most_severe_goes_first(enlisted: Desk) -> None:
    expected: list[str] = []
    for severity in reversed(SEVERITIES):
        incident = await open_incident(enlisted.store)
        await say(enlisted.store, incident, SeverityChanged(person="dana", severity=severity))
        expected.insert(0, incident)
    enlisted.ask("DELETE FROM procrastinate_jobs")
    for incident in reversed(expected):
        await say(enlisted.store, incident, note())
    assert [job.lock for job in enlisted.jobs()] == expected


async def test_a_turn_goes_before_the_waiting_investigation_of_its_incident(
    enlisted: Desk, app: App
) -> None:
    incident = await open_incident(enlisted.store)
    enlisted.ask("DELETE FROM procrastinate_jobs")
    await defer_investigation(app, incident)
    await defer_investigation(app, incident)
    await say(enlisted.store, incident, note())
    worker = hire(enlisted)
    assert [job.queue for job in enlisted.jobs()] == [TURNS, INVESTIGATIONS]
    assert take(enlisted, worker, INVESTIGATIONS) is None
    turn = take(enlisted, worker)
    assert turn is not None
    enlisted.ask(END, turn[0])
    assert take(enlisted, worker, INVESTIGATIONS) is not None


async def test_two_jobs_of_one_lock_that_are_fetched_at_once_end_no_worker(
    enlisted: Desk, app: App
) -> None:
    incident = await open_incident(enlisted.store)
    enlisted.ask("DELETE FROM procrastinate_jobs")
    await defer_investigation(app, incident)
    worker = hire(enlisted)
    patient = PatientJobs(app.connector)
    with psycopg.connect(enlisted.conninfo) as slow:
        assert slow.execute(TAKE.encode(), ([INVESTIGATIONS], worker)).fetchone() is not None
        await say(enlisted.store, incident, note())  # a turn, which does not see that one runs
        fetching = asyncio.create_task(patient.fetch_job([TURNS], worker))
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid'"
        await until(lambda: enlisted.ask(waits))
    assert await fetching is None
    assert [job.status for job in enlisted.jobs()] == ["todo", "doing"]


async def test_the_sweep_defers_only_what_has_no_job_at_all(enlisted: Desk, app: App) -> None:
    has_job, has_none, is_driven = [await open_incident(enlisted.store) for _ in range(3)]
    enlisted.ask("DELETE FROM procrastinate_jobs WHERE lock = %s", has_none)
    enlisted.ask("UPDATE procrastinate_jobs SET status = 'doing' WHERE lock = %s", is_driven)
    for _ in range(2):
        await defer_turns(app, [has_job, has_none, is_driven, "INC-404"])
    counted = sorted((job.lock, job.status) for job in enlisted.jobs())
    assert counted == [(has_job, "todo"), (has_none, "todo"), (is_driven, "doing")]


MANY_WAIT = """
INSERT INTO incident SELECT (jsonb_populate_record(one, jsonb_build_object(
  'id', 'INC-' || n, 'number', n, 'wake_at', '2000-01-01T00:00:00.000000Z'))).*
FROM incident AS one, generate_series(1001, 1600) AS n WHERE one.id = %s
"""


async def test_an_alarm_is_not_behind_all_that_wait_to_be_investigated(
    enlisted: Desk, app: App
) -> None:
    alarmed = await open_incident(enlisted.store)
    enlisted.ask("DELETE FROM procrastinate_jobs")
    enlisted.ask(MANY_WAIT, alarmed)
    enlisted.ask(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, lock) "
        "SELECT %s, 'drive', id FROM incident WHERE id <> %s",
        INVESTIGATIONS,
        alarmed,
    )
    assert await due_jobless(app, enlisted.clock.now()) == [alarmed]


async def test_a_living_owner_keeps_its_job_when_a_rescuer_is_late(
    enlisted: Desk, app: App
) -> None:
    await open_incident(enlisted.store)
    worker = hire(enlisted)
    running = take(enlisted, worker)
    enlisted.ask(OLD, worker)  # a rescuer saw this and was slow
    assert await beat(app, [worker]) == {worker}
    await rescue(app, 10)
    assert [job.status for job in enlisted.jobs()] == ["doing"]
    assert running is not None
    enlisted.ask(END, running[0])


async def test_two_rescuers_put_a_job_back_once_under_a_new_id(enlisted: Desk, app: App) -> None:
    incidents = {await open_incident(enlisted.store) for _ in range(5)}
    dead = hire(enlisted)
    taken = take_all(enlisted, dead)
    await say(enlisted.store, min(incidents), note())  # one waits for the end of the dead one's
    enlisted.ask(OLD, dead)
    await asyncio.gather(*(rescue(app, 10) for _ in range(4)))
    assert [job.status for job in enlisted.jobs()] == ["todo"] * 5
    assert {job.lock for job in enlisted.jobs()} == incidents
    assert await beat(app, [dead]) == set()  # so the zombie hears that it is taken for dead
    new = hire(enlisted)
    again = take_all(enlisted, new)
    assert not {number for number, _ in taken} & {number for number, _ in again}
    for number, _ in taken:
        with pytest.raises(Exception, match="not found"):
            enlisted.ask(END, number)  # what the zombie ends at last
    assert [job.status for job in enlisted.jobs()] == ["doing"] * 5
