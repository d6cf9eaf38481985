"""Sees a storm coming: counts what opened lately and keeps the cards of queued incidents true."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from bot import telemetry
from bot.app.job_line import JobLine
from bot.conversation.storm import WINDOW_S, Storm, queue_words
from bot.errors import BotError
from bot.ports import Clock, Filter, Incidents

log = logging.getLogger(__name__)
LOOK_S = 2.0
COUNTED = 200


class Queue(Protocol):
    """Who investigates and who waits; a `Turnstile`, or the jobs of all processes."""

    @property
    def inside(self) -> int:
        """How many investigate."""
        ...

    @property
    def waiting(self) -> tuple[str, ...]:
        """The queued incidents."""
        ...

    def ahead(self, incident: str) -> int | None:
        """Return how many queued ones come first; None when it is not queued."""
        ...


class StormWatch:
    """Asked while a card or a page is drawn; it writes nothing, whatever happens."""

    def __init__(self, gate: Queue, incidents: Incidents, clock: Clock) -> None:
        self._gate = gate
        self._incidents = incidents
        self._clock = clock
        self._opened = 0
        self._news = True
        self._said: dict[str, str] = {}

    def committed(self, _streams: frozenset[str]) -> None:
        """Look again at the next occasion."""
        self._news = True

    @property
    def storm(self) -> Storm:
        """How much happens now."""
        return Storm(self._opened, self._gate.inside, len(self._gate.waiting), COUNTED)

    def queued(self, incident: str) -> str:
        """Return what a queued incident's card says; empty when it is not queued."""
        ahead = self._gate.ahead(incident)
        return "" if ahead is None else queue_words(ahead)

    async def run(self, stopping: asyncio.Event, redraw: Callable[[frozenset[str]], None]) -> None:
        """Until stopping: count, and have those cards drawn anew whose place in the queue moved."""
        ended = asyncio.create_task(stopping.wait())
        while not stopping.is_set():
            try:
                await self.look()
            except BotError as error:
                log.warning("what opened lately cannot be counted: %s", error)
            moved = self.moved()
            if moved:
                redraw(moved)
            await asyncio.wait({ended}, timeout=LOOK_S)

    async def look(self) -> None:
        """Count the incidents that opened within the window.

        Raises:
            BusyError: The database is away.
        """
        if isinstance(self._gate, JobLine):
            await self._gate.refresh()
        telemetry.investigations.labels("running").set(self._gate.inside)
        telemetry.investigations.labels("waiting").set(len(self._gate.waiting))
        if not (self._news or self._opened):
            return
        self._news = False
        since = self._clock.now() - timedelta(seconds=WINDOW_S)
        rows = await self._incidents.page(Filter(limit=COUNTED))
        self._opened = sum(row.opened_at >= since for row in rows)

    def moved(self) -> frozenset[str]:
        """Return the incidents whose card would say something else than at the last call."""
        says = {incident: self.queued(incident) for incident in self._gate.waiting}
        was, self._said = self._said, says
        return frozenset(one for one in was.keys() | says.keys() if was.get(one) != says.get(one))
