"""Lets a scribe add its words to an incident that is about to be closed, and never waits long."""

import asyncio
import logging
from collections import OrderedDict

from bot.incident.facts_run import DraftWritten
from bot.incident.state import State
from bot.ports import Draft, Log, Refusal, Scribe

log = logging.getLogger(__name__)
ACTOR = "bot:scribe"
LIMIT_S = 10.0
"""What closing an incident may be delayed by, all in all."""
AT_ONCE = 2
"""When a storm ends, the others are closed without a model's words."""
REMEMBERED = 256


class Scribing:
    """Asks once for each time an incident was resolved; whatever goes wrong, closing goes on."""

    def __init__(self, log_port: Log, scribe: Scribe | None, limit_s: float = LIMIT_S) -> None:
        self._log = log_port
        self._scribe = scribe
        self._limit_s = limit_s
        self._busy = 0
        self._tried: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def adds_to(self, state: State, *, paused: bool) -> bool:
        """Return True when words were added, so that the thread moved on; False to close now."""
        view = state.incident
        tried = (state.stream, str(view.resolved_at))
        idle = self._scribe is None or paused or self._busy >= AT_ONCE
        if idle or view.draft is not None or tried in self._tried:
            return False
        self._tried[tried] = None
        while len(self._tried) > REMEMBERED:
            self._tried.popitem(last=False)
        self._busy += 1
        try:
            draft = await self._written(state)
            return draft is not None and await self._kept(state.stream, draft)
        finally:
            self._busy -= 1

    async def _written(self, state: State) -> DraftWritten | None:
        if self._scribe is None:
            return None
        try:
            async with asyncio.timeout(self._limit_s):
                return await self._scribe.write(state)
        except Exception as error:  # noqa: BLE001 - whatever a scribe does, the incident is closed
            why = str(error) or type(error).__name__
            log.warning("closed without a model's words: %s", why, extra={"incident": state.stream})
            return None

    async def _kept(self, incident: str, draft: DraftWritten) -> bool:
        def build(state: State) -> Draft | Refusal:
            if state.incident.status != "resolved" or state.incident.draft is not None:
                return Refusal("it is open again, or has its words")
            return Draft(ACTOR, (draft,))

        return (await self._log.record(incident, build)).refusal is None
