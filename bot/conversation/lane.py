"""One channel's queue: which incidents wait to be told, a few at once, each by one owner."""

import asyncio
import logging
from datetime import datetime, timedelta

from bot import telemetry
from bot.conversation.teller import Teller
from bot.conversation.timing import Timing
from bot.errors import BotError
from bot.ports import Clock, Posts

log = logging.getLogger(__name__)
BUSY_S = 1.0
BROKEN_S = 60.0
"""Pause after a failure that is ours: the database is away, or a bug."""


class Lane:
    """Runs one Teller. A channel that hangs fills its own slots and nobody else's."""

    def __init__(self, teller: Teller, posts: Posts, clock: Clock, timing: Timing) -> None:
        self.teller = teller
        self._posts = posts
        self._clock = clock
        self._timing = timing
        self._waiting: dict[str, None] = {}
        self._busy: set[str] = set()
        self._later: dict[str, datetime] = {}
        self._told_at: dict[str, datetime] = {}
        self._nudge = asyncio.Event()
        self._swept_at = float("-inf")
        self._late_since: datetime | None = None

    def wake(self, incidents: frozenset[str]) -> None:
        """Tell these incidents soon; waking one twice is waking it once."""
        for incident in sorted(incidents):
            self._waiting[incident] = None
        self._nudge.set()

    def stop(self) -> None:
        """Begin nothing new; the message in flight is finished."""
        self.teller.stopping = True
        self._nudge.set()

    async def run(self) -> None:
        """Tell until stopped."""
        async with asyncio.TaskGroup() as group:
            while not self.teller.stopping:
                await self._sweep()
                for incident in self._ready():
                    self._busy.add(incident)
                    group.create_task(self._tell(incident))
                await self._rest()

    def _ready(self) -> list[str]:
        now = self._clock.now()
        for incident, at in list(self._later.items()):
            if at <= now:
                del self._later[incident]
                self._waiting[incident] = None
        self._breathe(now)
        free = self._timing.slots - len(self._busy)
        ready = [name for name in self._waiting if name not in self._busy][: max(free, 0)]
        for incident in ready:
            del self._waiting[incident]
        return ready

    def _breathe(self, now: datetime) -> None:
        """Put off what was told just now, so that the events of a burst are told together."""
        breath = timedelta(seconds=self._timing.breath_s)
        for incident, at in list(self._told_at.items()):
            if now >= at + breath:
                del self._told_at[incident]
            elif incident in self._waiting:
                del self._waiting[incident]
                due = self._later.get(incident)
                self._later[incident] = min(due, at + breath) if due else at + breath

    async def _tell(self, incident: str) -> None:
        try:
            later = await self.teller.tell(incident)
        except BotError as error:
            log.warning("the outbox cannot read or write: %s", error, extra=self._extra(incident))
            later = self._clock.now() + timedelta(seconds=BUSY_S)
        except Exception:  # one message must not stop a channel
            log.exception("telling a channel failed unforeseen", extra=self._extra(incident))
            later = self._clock.now() + timedelta(seconds=BROKEN_S)
        finally:
            self._busy.discard(incident)
            if incident not in self.teller.early:
                self._told_at[incident] = self._clock.now()
            self._nudge.set()
        if later is not None:
            self._later[incident] = later

    def _extra(self, incident: str) -> dict[str, str]:
        return {"channel": self.teller.channel.name, "incident": incident}

    async def _sweep(self) -> None:
        """Look for what no wake-up named: the safety net after a restart or a lost alarm."""
        now = asyncio.get_running_loop().time()
        if now < self._swept_at + self._timing.sweep_s:
            return
        self._swept_at = now
        name = self.teller.channel.name
        try:
            behind = await self._posts.behind(name, self._clock.now())
        except BotError as error:
            log.warning("the outbox cannot look for what is new: %s", error)
            return
        self._measure_lag(late=bool(behind))
        for incident in behind:
            if incident not in self._later:
                self._waiting[incident] = None

    def _measure_lag(self, *, late: bool) -> None:
        """Say for how long something has been waiting, as seen from sweep to sweep."""
        now = self._clock.now()
        self._late_since = (self._late_since or now) if late else None
        lag = now - self._late_since if self._late_since is not None else timedelta(0)
        telemetry.channel_lag.labels(self.teller.channel.name).set(lag.total_seconds())

    async def _rest(self) -> None:
        """Wait for a nudge, the next retry or the next sweep."""
        pauses = [(at - self._clock.now()).total_seconds() for at in self._later.values()]
        pause_s = min([self._timing.sweep_s, *(max(one, 0.0) for one in pauses)])
        try:
            async with asyncio.timeout(pause_s):
                await self._nudge.wait()
        except TimeoutError:
            return
        self._nudge.clear()
