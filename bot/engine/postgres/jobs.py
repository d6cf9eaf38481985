"""The SQL around jobs: a job says only that an incident wants a look; its truth is `wake_at`.

A turn is a short look that decides, records and acts; an investigation is what may take minutes.
Turns go before investigations of the same incident, because procrastinate lets the higher priority
of one lock go first. A job of each kind waits at most once for an incident.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, LiteralString

from procrastinate import App
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from psycopg import Connection

from bot.incident.events import stamp

TURNS = "turns"
INVESTIGATIONS = "investigations"
DRIVE = "drive"
LATER_S = (0.5, 1.0, 2.0, 4.0)
"""How much later a job is tried again that found its service's places taken."""
TURN_FIRST = 100
"""Added to the rank of a turn, so that it is never behind an investigation."""

DEFER: LiteralString = """
SELECT procrastinate_defer_jobs_v1(array_agg(
  ROW(%(queue)s, %(task)s, %(first)s + rank, id, NULL, jsonb_build_object('incident', id), NULL)
    ::procrastinate_job_to_defer_v1 ORDER BY rank DESC, number))
FROM (SELECT id, number, CASE severity WHEN 'critical' THEN 4 WHEN 'high' THEN 3
    WHEN 'warning' THEN 2 WHEN 'info' THEN 1 ELSE 0 END AS rank FROM incident) AS incident
WHERE id = ANY(%(incidents)s) AND NOT EXISTS (
  SELECT 1 FROM procrastinate_jobs AS job WHERE job.lock = incident.id AND (
    job.status = 'todo' AND job.queue_name = %(queue)s OR job.status = ANY(%(also)s
      ::procrastinate_job_status[])))
HAVING count(*) > 0
"""
REQUEUE: LiteralString = """
WITH orphan AS (
  DELETE FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL
  RETURNING queue_name, task_name, priority, lock, args)
SELECT procrastinate_defer_jobs_v1(array_agg(
  ROW(queue_name, task_name, priority, lock, NULL, args, NULL)::procrastinate_job_to_defer_v1))
FROM orphan
WHERE NOT EXISTS (
  SELECT 1 FROM procrastinate_jobs AS job WHERE job.lock = orphan.lock AND job.status = 'todo'
  AND job.queue_name = orphan.queue_name)
HAVING count(*) > 0
"""
LATER: LiteralString = """
SELECT procrastinate_retry_job_v2(%(job)s, clock_timestamp() + make_interval(secs => %(pause_s)s),
  %(priority)s, %(queue)s, %(lock)s)
"""
BEAT: LiteralString = """
UPDATE procrastinate_workers SET last_heartbeat = clock_timestamp() WHERE id = ANY(%(ids)s)
RETURNING id
"""
FORGET: LiteralString = """
DELETE FROM procrastinate_jobs WHERE id = ANY(%(ids)s) AND status = 'doing'
"""
DUE: LiteralString = """
SELECT id FROM incident WHERE wake_at <= %(now)s AND NOT EXISTS (
  SELECT 1 FROM procrastinate_jobs AS job WHERE job.lock = incident.id
  AND job.status IN ('todo', 'doing'))
ORDER BY wake_at LIMIT 500
"""
NUDGE: LiteralString = """
SELECT pg_notify('procrastinate_queue_v1#' || queue_name, '{"type": "job_inserted", "job_id": 0}')
FROM (SELECT DISTINCT queue_name FROM procrastinate_jobs
      WHERE status = 'todo' AND lock = ANY(%(incidents)s)) AS held_back
"""


class PatientJobs(JobManager):
    """Differs from procrastinate in two ways.

    It finds no job where procrastinate fails: two jobs of one lock, the later one with the higher
    priority, can be fetched at once. The database lets one of them through, and the other fetch
    must not end its worker. And it puts a job back by the clock of the database, as a worker whose
    own is ahead would put it back for hours.
    """

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """Return the next job that may run, or None."""
        try:
            return await super().fetch_job(queues, worker_id)
        except UniqueViolation:
            return None

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Put a job back for later, the later the more often it was; `retry_at` counts nothing."""
        _ = retry_at
        await self.connector.execute_query_async(
            LATER,
            job=job.id,
            pause_s=LATER_S[min(job.attempts, len(LATER_S) - 1)],
            priority=priority,
            queue=queue,
            lock=lock,
        )


def enqueue_turns(connection: Connection[Any], incidents: Collection[str]) -> None:
    """Defer a turn for each incident inside the open transaction, unless one waits already."""
    values: dict[str, Any] = {
        "queue": TURNS,
        "task": DRIVE,
        "first": TURN_FIRST,
        "incidents": sorted(incidents),
        "also": [],
    }
    if incidents:
        connection.execute(DEFER, values)


async def defer_turns(app: App, incidents: Collection[str]) -> None:
    """Defer a turn for each incident that has no job at all, waiting or running."""
    if incidents:
        await app.connector.execute_query_async(
            DEFER,
            queue=TURNS,
            task=DRIVE,
            first=TURN_FIRST,
            incidents=sorted(incidents),
            also=["todo", "doing"],
        )


async def defer_investigation(app: App, incident: str) -> None:
    """Defer the long part of an incident, unless it waits already."""
    await app.connector.execute_query_async(
        DEFER, queue=INVESTIGATIONS, task=DRIVE, first=0, incidents=[incident], also=[]
    )


async def beat(app: App, ids: Collection[int]) -> set[int]:
    """Renew the heartbeats of these workers; return those that are still registered."""
    rows = await app.connector.execute_query_all_async(BEAT, ids=sorted(ids))
    return {int(row["id"]) for row in rows}


async def due_jobless(app: App, now: datetime) -> list[str]:
    """Return incidents whose alarm is due and that have no job: the others are seen to already.

    So however many wait for a place to be investigated, the alarm of another is never behind them.
    """
    rows = await app.connector.execute_query_all_async(DUE, now=stamp(now))
    return [str(row["id"]) for row in rows]


async def forget_jobs(app: App, ids: Collection[int]) -> None:
    """Take jobs off the books that ended here and could not be signed off."""
    if ids:
        await app.connector.execute_query_async(FORGET, ids=sorted(ids))


async def nudge(app: App, incidents: Collection[str]) -> None:
    """Let workers look for what these locks held back: releasing one wakes nobody by itself."""
    await app.connector.execute_query_async(NUDGE, incidents=sorted(incidents))


async def rescue(app: App, stall_s: float) -> None:
    """Put the jobs of silent workers back, under new ids; by the clock of the database alone.

    A worker whose heartbeat comes meanwhile keeps its row and so its jobs. What is put back is a
    new job: a worker that was only stopped can then end its old one without touching the new.
    """
    await app.job_manager.prune_stalled_workers(stall_s)
    await app.connector.execute_query_async(REQUEUE)
