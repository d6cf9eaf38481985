"""Tells everybody who waits that something was committed; nobody ever waits for a waiter."""

import asyncio
from collections.abc import AsyncIterator


class Ticks:
    """One number that grows, and an event that wakes its readers."""

    def __init__(self) -> None:
        self._number = 0
        self._changed = asyncio.Event()
        self._over = False

    def tick(self) -> None:
        """Something was committed."""
        self._number += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def stop(self) -> None:
        """End every subscription."""
        self._over = True
        self.tick()

    async def subscribe(self) -> AsyncIterator[int]:
        """Yield the number each time it grew; skips numbers for a slow reader."""
        seen = self._number
        while not self._over:
            changed = self._changed
            if self._number == seen:
                await changed.wait()
                continue
            seen = self._number
            if not self._over:
                yield seen
