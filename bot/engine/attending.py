"""Waits for a model, and no longer than its Step is what comes next for the incident (F-11)."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from bot.errors import BusyError, StaleThreadError
from bot.incident.deadlines import may_ask
from bot.incident.effects import AskModel, Effect, Wait
from bot.incident.state import State
from bot.ports import Draft, Log, Refusal

T = TypeVar("T")
LOOK_S = 1.0
"""An approval, a call or a pause is seen so soon while a model thinks."""


async def attended(
    asking: Coroutine[Any, Any, T], wanted: Callable[[], Awaitable[bool]]
) -> T | None:
    """Return what `asking` returns; None, and it is cancelled, once it is no longer wanted.

    Raises:
        Exception: What `asking` raises.
    """
    task = asyncio.ensure_future(asking)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=LOOK_S)
            if not task.done() and not await _is_wanted(wanted):
                return None
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _is_wanted(wanted: Callable[[], Awaitable[bool]]) -> bool:
    try:
        return await wanted()
    except BusyError:  # nobody knows, so nothing is given up
        return True


def is_next(effect: Effect, effect_id: str) -> bool:
    """Tell whether nothing else has to be done before that Step is chosen."""
    return isinstance(effect, Wait) or (isinstance(effect, AskModel) and effect.id == effect_id)


async def write(log: Log, incident: str, seq: int, effect: Effect, draft: Draft) -> None:
    """Write what came of the effect, decided at `seq`; a Step is not lost to a mere remark.

    Raises:
        StaleThreadError: The thread moved on, and this is not what it asks for any more.
        BusyError: The database is away.
    """
    try:
        await log.append(incident, seq, draft)
    except StaleThreadError:
        if not isinstance(effect, AskModel):
            raise
        chosen = effect.id

        def build(state: State) -> Draft | Refusal:
            return draft if _still_asks(state, chosen) else Refusal("it moved on")

        if (await log.record(incident, build)).refusal is not None:
            raise


def _still_asks(state: State, effect_id: str) -> bool:
    """Tell whether the Step of this id is still to be chosen, whatever else was said meanwhile."""
    run = state.run
    return may_ask(state) and run.ask_id == effect_id and not run.held and not state.unknown
