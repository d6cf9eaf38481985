"""Carries out a CallTools: the open calls at once, each answer recorded under its effect id."""

import asyncio
import logging
from collections.abc import Collection
from datetime import timedelta

from bot.engine.toolbox import ReadBox, compact
from bot.errors import BusyError, ToolError
from bot.incident.effects import RunTools
from bot.incident.fact import Fact
from bot.incident.facts_run import ToolFailed, ToolReturned
from bot.incident.state import Pending, State
from bot.incident.steps import CallTools, ToolCall
from bot.ports import Clock, Draft, Log, Refusal

log = logging.getLogger(__name__)
ACTOR = "bot:reader"
ATTEMPTS = 3
BACKOFF_S = (1, 3, 9)


class Reader:
    """Reads only; the worst it can do is look twice."""

    def __init__(self, log_port: Log, box: ReadBox, clock: Clock) -> None:
        self._log = log_port
        self._box = box
        self._clock = clock

    async def run(self, stream: str, effect: RunTools, seen: Collection[str] = ()) -> None:
        """Run the calls at once and record what each brought, in the order of the calls.

        `seen` are the ids of the evidence that this incident has.

        Raises:
            BusyError: The database is away; what was seen is looked at again.
        """
        step = effect.pending.chosen.step
        if not isinstance(step, CallTools):
            raise TypeError("RunTools without a CallTools")
        looks = (
            self._one(stream, effect.pending, index, step.calls[index], seen)
            for index in effect.indexes
        )
        results: list[Fact] = []
        for brought in await asyncio.gather(*looks, return_exceptions=True):
            if isinstance(brought, BaseException):
                raise brought
            results.append(brought)
        await self._log.record(stream, lambda state: _still_open(state, results))

    async def _one(
        self, stream: str, pending: Pending, index: int, call: ToolCall, seen: Collection[str]
    ) -> Fact:
        effect_id = f"{pending.chosen.effect_id}.{index}"
        try:
            looked = await self._box.look(call.tool, call.args, stream, seen)
        except BusyError:
            raise
        except ToolError as error:
            return self._failed(pending, effect_id, call, error)
        except Exception as error:
            log.exception("a read tool failed in an unforeseen way", extra={"incident": stream})
            return self._failed(pending, effect_id, call, error)
        return ToolReturned(
            effect_id=effect_id,
            key=call.key,
            tool=call.tool,
            evidence=looked.evidence,
            summary=looked.summary,
            facts=looked.facts,
        )

    def _failed(
        self, pending: Pending, effect_id: str, call: ToolCall, error: Exception
    ) -> ToolFailed:
        tries = pending.attempts.get(effect_id, 0) + 1
        short = compact(call.tool, error)
        again = short.retryable and tries < ATTEMPTS
        retry_at = self._clock.now() + timedelta(seconds=BACKOFF_S[tries - 1]) if again else None
        return ToolFailed(
            effect_id=effect_id, key=call.key, tool=call.tool, error=short, retry_at=retry_at
        )


def _still_open(state: State, results: list[Fact]) -> Draft | Refusal:
    """Keep the answers to calls that are still open; a redelivered answer appends nothing."""
    wanted = {
        f"{pending.chosen.effect_id}.{index}"
        for pending in state.run.queue
        for index in pending.open_calls
    }
    kept = tuple(
        fact
        for fact in results
        if isinstance(fact, ToolReturned | ToolFailed) and fact.effect_id in wanted
    )
    return Draft(ACTOR, kept) if kept else Refusal("these calls were answered already")
