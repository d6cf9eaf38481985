"""The dispatcher of N processes: jobs of procrastinate, one of them at a time for an incident."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import AppNotOpen, ConnectorException
from procrastinate.jobs import Job
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from bot.engine.postgres.driven import Driven
from bot.engine.postgres.jobs import (
    DRIVE,
    INVESTIGATIONS,
    TURNS,
    PatientJobs,
    defer_investigation,
    defer_turns,
    due_jobless,
    enqueue_turns,
    forget_jobs,
    nudge,
    rescue,
)
from bot.engine.postgres.reach import REACH
from bot.engine.postgres.service_slots import ServiceSlots
from bot.engine.postgres.term import STALL_S, Term
from bot.engine.tenure import Tenure
from bot.errors import BotError
from bot.incident.fact import HOUSE
from bot.ports import Clock

log = logging.getLogger(__name__)
TURN_PLACES = 16
RESCUE_S = 2.0
DUE_S = 1.0
BACKOFF_S = 2.0
CONNECT_S = 3
OPTIONS = "-c statement_timeout=30s -c lock_timeout=5s -c idle_in_transaction_session_timeout=3s"
"""A process that stands still, or is cut off, between a statement and its end would keep the rows
of jobs locked, and others waiting for them: its session is ended, before they tire of it."""
POOL_MAX = 8
END_S = 2.0
"""How long the workers may take to sign off once nothing is driven any more."""


class ServiceFull(Exception):  # noqa: N818 - not a failure: the job is tried again later
    """The service has its share of this process; another process may have room."""


class Later(BaseRetryStrategy):
    """Puts a job back whose service has no place here, and no other."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return that it is tried again; None ends the job."""
        if not isinstance(exception, ServiceFull):
            return None
        _ = job
        return RetryDecision()  # when, PatientJobs says, by the clock of the database


@dataclass(frozen=True, slots=True)
class Driver:
    """How an incident is driven.

    `turn` drives until it waits, or what comes next is long: then it returns True. `entire` drives
    until it waits. `service` names whose places an incident uses.
    """

    turn: Callable[[str], Awaitable[bool]]
    entire: Callable[[str], Awaitable[None]]
    service: Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Places:
    """How many investigations this process has at once, and how many of one service."""

    investigations: int
    each_service: int


class PostgresDispatcher:
    """Losing every job loses no incident: the sweep defers what is due and has none."""

    def __init__(
        self,
        conninfo: str,
        clock: Clock,
        tenure: Tenure,
        driver: Driver,
        room: Places,
    ) -> None:
        self._clock = clock
        self._tenure = tenure
        self._driver = driver
        self._places = {TURNS: TURN_PLACES, INVESTIGATIONS: room.investigations}
        self._slots = ServiceSlots(room.each_service)
        self._driven = Driven()
        self._running: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._hurt: dict[str, float] = {}
        self._term: Term | None = None
        self._stopping = asyncio.Event()
        self._roused: set[str] = set()
        self._free: set[str] = set()
        self._unsigned: dict[int, str] = {}
        self._ended = asyncio.Event()
        given = conninfo_to_dict(conninfo).get("options") or ""
        self._connector = PsycopgConnector(
            conninfo=conninfo,
            min_size=1,
            max_size=POOL_MAX,
            timeout=CONNECT_S,
            kwargs={**REACH, "application_name": "triagebot jobs", "options": f"{OPTIONS} {given}"},
        )
        self._app = App(connector=self._connector)
        self._app.job_manager = PatientJobs(self._connector)
        self._app.task(name=DRIVE, retry=Later(), pass_context=True)(self._job)

    @property
    def busy(self) -> int:
        """How many incidents are being driven now."""
        return len(self._driven)

    def enlist(self, connection: Connection[Any], woken: frozenset[str]) -> None:
        """Defer a turn for what a transaction wrote, inside it; in the writer's thread."""
        enqueue_turns(connection, self._driven.others(woken - {HOUSE}))

    def wake(self, incident: str) -> None:
        """Drive this incident soon, also if nothing was written to it."""
        self._roused.add(incident)

    async def run(self) -> None:
        """Work, rescue and sweep until stopped; comes back by itself when the database does."""
        async with self._app.open_async():
            beside = [asyncio.create_task(part) for part in (self._sweep(), self._nudge())]
            try:
                while not self._stopping.is_set():
                    self._term = Term(self._app, self._places, self._tenure, self._running)
                    try:
                        await self._term.run()
                    except ConnectorException as error:
                        log.warning("the workers stopped: %s", error.__cause__ or error)
                    await self._rest(0.5)
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)

    async def stop(self, grace_s: float) -> None:
        """Take no new work; wait for running effects at most `grace_s` seconds, then cancel."""
        self._stopping.set()
        with suppress(AppNotOpen):
            self._connector.pool.timeout = END_S / 2  # nobody waits long for a database any more
        if self._term is not None:
            self._term.stop()
        tasks = list(self._tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.wait(tasks, timeout=END_S)

    async def _job(self, context: JobContext, incident: str) -> None:
        """What a job does; whatever fails, the incident is due and the sweep tries again."""
        queue, task = context.job.queue, asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(lambda done: self._release(done, context.job.id, incident))
        self._running[queue] += 1
        try:
            await self._begun()
            if self._tenure.held and not self._stopping.is_set():
                await (
                    self._investigate(incident) if queue == INVESTIGATIONS else self._turn(incident)
                )
                self._hurt.pop(incident, None)
        except ServiceFull:
            raise
        except BotError as error:
            log.warning("driving paused: %s", error, extra={"incident": incident})
            self._hurt[incident] = asyncio.get_running_loop().time() + BACKOFF_S
        except Exception:  # one incident must not stop the others
            log.exception("driving failed; the sweep tries again", extra={"incident": incident})
            self._hurt[incident] = asyncio.get_running_loop().time() + BACKOFF_S
        finally:
            self._driven.end(incident)
            self._running[queue] -= 1

    async def _begun(self) -> None:
        if self._term is not None:
            await self._term.begun.wait()

    async def _turn(self, incident: str) -> None:
        is_long = False
        self._driven.begin(incident)
        while True:
            is_long = await self._driver.turn(incident)
            if not self._driven.again(incident) or self._stopping.is_set():
                break
        if is_long:
            await defer_investigation(self._app, incident)

    async def _investigate(self, incident: str) -> None:
        service = await self._driver.service(incident)
        if self._slots.is_full(service):
            raise ServiceFull
        with self._slots.place(service):
            self._driven.begin(incident)
            while True:
                await self._driver.entire(incident)
                if not self._driven.again(incident) or self._stopping.is_set():
                    return

    async def _nudge(self) -> None:
        """After jobs have ended, let others look at once for what their locks held back."""
        while True:
            await self._ended.wait()
            self._ended.clear()
            free, self._free = self._free, set()
            with suppress(ConnectorException):  # the next poll sees them
                await nudge(self._app, free)

    def _release(self, task: asyncio.Task[Any], job: int | None, incident: str) -> None:
        """The job is off the books, so its lock is free; if not, the sweep takes it off.

        As long as this process lives nobody else would, and its lock would hold every later turn.
        """
        self._tasks.discard(task)
        failed = None if task.cancelled() else task.exception()
        if failed is not None:
            log.warning("a job could not be signed off: %s", failed.__cause__ or failed)
            if job is not None:
                self._unsigned[job] = incident
        self._free.add(incident)
        self._ended.set()

    async def _sweep(self) -> None:
        rescued_at = float("-inf")
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            try:
                if loop.time() >= rescued_at + RESCUE_S:
                    await rescue(self._app, STALL_S)
                    rescued_at = loop.time()
                await self._sign_off()
                await self._defer_wanted(loop.time())
            except (BotError, ConnectorException) as error:
                log.warning("the sweep could not read what is due: %s", error)
            except Exception:  # the sweep is what recovers all else
                log.exception("the sweep failed; it goes on")
            await self._rest(DUE_S)

    async def _sign_off(self) -> None:
        """Take off the books what ended and could not be signed off then."""
        ended = dict(self._unsigned)
        await forget_jobs(self._app, ended)
        for job, incident in ended.items():
            del self._unsigned[job]
            self._free.add(incident)
            self._ended.set()

    async def _defer_wanted(self, now_s: float) -> None:
        """Defer what was roused, or is due and has no job; what could not be is wanted still."""
        self._hurt = {name: until for name, until in self._hurt.items() if until > now_s}
        roused = frozenset(self._roused)
        due = await due_jobless(self._app, self._clock.now())
        await defer_turns(self._app, {*roused, *due} - self._hurt.keys())
        self._roused -= roused

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
