"""One term of office: the workers of this process, registered, alive, and ended together.

A term ends when a worker fails, when the database no longer knows one of them, or on request. The
next begins only when every job of the last has ended, so nothing that was lost drives on.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping

from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker

from bot.engine.postgres.jobs import beat
from bot.engine.tenure import Tenure

log = logging.getLogger(__name__)
POLL_S = 0.5
HEARTBEAT_S = 3.0
STALL_S = 10.0
"""A worker that was silent for so long has lost its jobs."""
MARGIN_S = 2.0
"""How much earlier a process takes itself for lost than others do."""
AGAIN_S = 0.5
REGISTER_S = 0.02


class Term:
    """Runs one worker a queue; `jobs` counts what runs now, by queue, and is the caller's."""

    def __init__(
        self, app: App, queues: Mapping[str, int], tenure: Tenure, jobs: Counter[str]
    ) -> None:
        self._app = app
        self._tenure = tenure
        self._jobs = jobs
        self._workers = {
            queue: Worker(
                app,
                queues=[queue],
                name=queue,
                concurrency=places,
                fetch_job_polling_interval=POLL_S,
                update_heartbeat_interval=HEARTBEAT_S,
                stalled_worker_timeout=STALL_S,
                install_signal_handlers=False,
                delete_jobs="always",
            )
            for queue, places in queues.items()
        }
        self._ending = False
        self.begun = asyncio.Event()

    async def run(self) -> None:
        """Work until the term ends; returns when every job of it has ended.

        Raises:
            ConnectorException: The database is away.
        """
        tasks = [asyncio.create_task(worker.run()) for worker in self._workers.values()]
        beating = asyncio.create_task(self._live())
        try:
            await asyncio.wait([*tasks, beating], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.stop()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            self._tenure.lose()
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def stop(self) -> None:
        """Fetch no further job; heartbeats go on until the last one has ended."""
        self._ending = True
        self.begun.set()
        for worker in self._workers.values():
            worker.stop()

    async def _live(self) -> None:
        """Beat until cancelled; returns when the term is lost."""
        while len(self._ids()) < len(self._workers):  # noqa: ASYNC110 - a Worker has no event for it
            await asyncio.sleep(REGISTER_S)
        while True:
            ids, asked_at = self._ids(), self._tenure.now()
            try:
                known = await beat(self._app, ids.values())
            except ConnectorException as error:
                log.warning("no heartbeat: %s", error.__cause__ or error)
                await asyncio.sleep(AGAIN_S)
                continue
            if self._forgotten(known):
                log.warning("this process was taken for dead; it begins anew")
                self._tenure.lose()
                return
            self._tenure.renew(asked_at)
            self.begun.set()
            await asyncio.sleep(HEARTBEAT_S)

    def _ids(self) -> dict[str, int]:
        found = {queue: worker.worker_id for queue, worker in self._workers.items()}
        return {queue: known for queue, known in found.items() if known is not None}

    def _forgotten(self, known: set[int]) -> bool:
        """Tell whether a worker is gone that did not leave by itself, idle, at the end."""
        gone = [queue for queue, identifier in self._ids().items() if identifier not in known]
        return any(not self._ending or self._jobs[queue] for queue in gone)
