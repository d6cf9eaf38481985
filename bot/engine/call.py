"""The one place that calls an action: through the last gate, and cut off by a pause if it may be.

An action that declares nothing is awaited, whatever is switched off meanwhile: half of a change is
worse than all of it (E-35).
"""

import asyncio
from collections.abc import Callable

from bot.engine.last_gate import LastGate, Sending
from bot.engine.toolbox import OpenAction
from bot.incident.model import Value
from bot.shelf import ActionCall, Choosy, ToolResult

LOOK_S = 0.1
"""How often the kill switch is looked at while an action runs that may be cancelled."""


class CancelledByPauseError(Exception):
    """The kill switch was thrown while the action ran, and the action allowed to be cut off."""


async def call_action(
    found: OpenAction,
    sending: Sending,
    call: ActionCall,
    gate: LastGate,
    closed: Callable[[], str],
) -> ToolResult:
    """Return what the action answers; it is given the very object that the gate let through.

    Raises:
        Revoked: The gate lets nothing through; nothing was called.
        CancelledByPauseError: It was cut off; what became of it is not known.
        Exception: What the action raises.
    """

    async def send() -> ToolResult:
        gate.let_through(sending)
        return await found.opened.run(sending.args, call)

    if not cancellable(found, sending.args):
        return await send()
    running = asyncio.ensure_future(send())
    try:
        while not running.done():
            await asyncio.wait({running}, timeout=LOOK_S)
            if not running.done() and (why := closed()):
                running.cancel()
                await asyncio.wait({running})
                if running.cancelled():
                    raise CancelledByPauseError(why)
        return running.result()
    finally:
        running.cancel()


def idempotent(found: OpenAction, args: Value) -> bool:
    """Tell whether a call with these arguments that was never sent may be made again."""
    if not found.tool.idempotent:
        return False
    opened = found.opened
    return opened.idempotent(args) if isinstance(opened, Choosy) else True


def cancellable(found: OpenAction, args: Value) -> bool:
    """Tell whether a run with these arguments may be cut off in the middle."""
    if not found.tool.cancellable:
        return False
    opened = found.opened
    return opened.cancellable(args) if isinstance(opened, Choosy) else True
