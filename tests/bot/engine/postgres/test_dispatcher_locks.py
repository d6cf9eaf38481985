"""A job's lock holds up its incident no longer than the job runs, whatever goes wrong around it."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress

import psycopg
import pytest
from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from bot.engine.postgres.jobs import INVESTIGATIONS, TURNS, PatientJobs
from tests.bot.engine.postgres.desk import Desk, Loop
from tests.bot.engine.postgres.test_dispatcher import resting
from tests.bot.store.examples import note, open_incident, say
from tests.waiting import until


async def test_a_job_that_could_not_be_signed_off_holds_up_its_incident_no_longer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, refusals = PatientJobs.finish_job, [ConnectorException("no connection in time")]

    async def finish_job(jobs: PatientJobs, job: Job, status: Status, delete_job: bool) -> None:
        if refusals:
            raise refusals.pop()
        await finish(jobs, job, status, delete_job)

    monkeypatch.setattr(PatientJobs, "finish_job", finish_job)
    loop = resting(desk, Loop())
    desk.start(loop)
    incident = await open_incident(desk.store)
    await until(lambda: not refusals)
    await say(desk.store, incident, note())
    await until(lambda: loop.turns == [incident, incident] and desk.jobs() == [])


async def test_a_worker_that_stands_still_as_it_takes_a_job_keeps_it_from_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch, goes_on, stands = PatientJobs.fetch_job, asyncio.Event(), asyncio.Event()
    take = "SELECT id FROM procrastinate_fetch_job_v2(%s::varchar[], %s) WHERE id IS NOT NULL"

    async def fetch_job(
        jobs: PatientJobs, queues: Iterable[str] | None, worker_id: int
    ) -> Job | None:
        if stands.is_set() or queues != [TURNS]:
            return await fetch(jobs, queues, worker_id)
        connector = jobs.connector
        assert isinstance(connector, PsycopgConnector)
        with suppress(psycopg.Error):
            async with connector.pool.connection() as connection:
                taken = await connection.execute(take, ([TURNS], worker_id))
                if await taken.fetchone() is not None:
                    stands.set()
                    await goes_on.wait()
        return None

    monkeypatch.setattr(PatientJobs, "fetch_job", fetch_job)
    still, other = resting(desk, Loop()), resting(desk, Loop())
    desk.start(still)
    incident = await open_incident(desk.store)
    await until(stands.is_set)
    desk.start(other)
    await until(lambda: other.turns == [incident])
    goes_on.set()


async def test_who_waits_for_a_place_of_its_service_holds_up_no_turn(desk: Desk) -> None:
    going = asyncio.Event()

    async def entire(incident: str) -> None:
        await going.wait()

    async def turn(incident: str) -> bool:
        return loop.turns.count(incident) == 1

    async def service(_incident: str) -> str:
        return "stormy"

    loop = Loop(turn=turn, entire=entire, service=service)
    desk.start(loop, slots=1)
    first = await open_incident(desk.store)
    await until(lambda: loop.investigations == [first])
    second = await open_incident(desk.store)
    tried = "SELECT 1 FROM procrastinate_jobs WHERE lock = %s AND queue_name = %s AND attempts > 0"
    await until(lambda: desk.ask(tried, second, INVESTIGATIONS))
    await say(desk.store, second, note("approved"))
    await until(lambda: loop.turns.count(second) == 2)
    assert loop.investigations == [first]
    going.set()
    await until(lambda: loop.investigations == [first, second])
