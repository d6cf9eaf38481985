"""Waiting in the event loop for what has no event of its own."""

import asyncio
from collections.abc import Callable

WITHIN_S = 60.0
"""Long, for a loaded machine; what holds at once costs nothing."""
LOOK_S = 0.005


async def until(holds: Callable[[], object], within_s: float = WITHIN_S) -> None:
    """Let everybody else run until `holds` is true.

    Raises:
        TimeoutError: It was not within `within_s`.
    """
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - it is for what tells nobody
            await asyncio.sleep(LOOK_S)
