"""The dispatcher of a process that drives nothing: what it writes becomes jobs for others."""

import asyncio
from typing import Any

from psycopg import Connection

from bot.engine.postgres.jobs import enqueue_turns
from bot.incident.fact import HOUSE


class Enqueuer:
    """Implements the `Dispatcher` port without driving."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()

    @property
    def busy(self) -> int:
        """How many incidents are being driven here: none."""
        return 0

    def enlist(self, connection: Connection[Any], woken: frozenset[str]) -> None:
        """Defer a turn for what a transaction wrote, inside it; in the writer's thread."""
        enqueue_turns(connection, woken - {HOUSE})

    def wake(self, incident: str) -> None:
        """Do nothing: the workers hear of it themselves."""

    async def run(self) -> None:
        """Wait for the end."""
        await self._stopping.wait()

    async def stop(self, grace_s: float) -> None:
        """End."""
        _ = grace_s
        self._stopping.set()
