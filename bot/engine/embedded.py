"""The embedded dispatcher (one process): a task an incident, a sweep as its memory."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.errors import BotError
from bot.ports import Clock, Log

log = logging.getLogger(__name__)
SWEEP_S = 0.5
BACKOFF_S = 2.0


class Embedded:
    """Wakes `drive`. Losing every alarm loses no incident: the sweep reads `wake_at` (ENGINE 7).

    How many investigate at once is the drive's own matter: a short turn never waits for a long one.
    """

    def __init__(
        self,
        log_port: Log,
        clock: Clock,
        drive: Callable[[str], Awaitable[None]],
    ) -> None:
        self._log = log_port
        self._clock = clock
        self._drive = drive
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._dirty: set[str] = set()
        self._hurt: dict[str, float] = {}
        self._stopping = asyncio.Event()

    def wake(self, incident: str) -> None:
        """Drive this incident soon; a wake during a drive is remembered."""
        if self._stopping.is_set():
            return
        if incident in self._tasks:
            self._dirty.add(incident)
            return
        self._tasks[incident] = asyncio.create_task(self._run(incident), name=f"drive {incident}")

    async def run(self) -> None:
        """Sweep until `stop`: recovery, timers and lost alarms are this one query."""
        while not self._stopping.is_set():
            try:
                for incident in await self._log.due(self._clock.now()):
                    if self._hurt.get(incident, 0) <= asyncio.get_running_loop().time():
                        self.wake(incident)
            except BotError as error:
                log.warning("the sweep could not read what is due: %s", error)
            except Exception:  # the sweep is what recovers all else
                log.exception("the sweep failed; it goes on")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), SWEEP_S)

    async def stop(self, grace_s: float) -> None:
        """Take no new work; wait for running effects at most `grace_s` seconds, then cancel."""
        self._stopping.set()
        tasks = list(self._tasks.values())
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def busy(self) -> int:
        """How many incidents are being driven now."""
        return len(self._tasks)

    async def _run(self, incident: str) -> None:
        try:
            while True:
                self._dirty.discard(incident)
                await self._drive(incident)
                self._hurt.pop(incident, None)
                if incident not in self._dirty or self._stopping.is_set():
                    return
        except BotError as error:
            log.warning("driving paused: %s", error, extra={"incident": incident})
            self._hurt[incident] = asyncio.get_running_loop().time() + BACKOFF_S
        except Exception:  # one incident must not stop the others
            log.exception("driving failed; the sweep tries again", extra={"incident": incident})
            self._hurt[incident] = asyncio.get_running_loop().time() + BACKOFF_S
        finally:
            del self._tasks[incident]
            if incident in self._dirty and not self._stopping.is_set():
                self._dirty.discard(incident)
                if incident not in self._hurt:
                    self.wake(incident)
