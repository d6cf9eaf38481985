"""How many bytes of bodies are held at once: a bound on memory, whatever the senders do."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

from bot.errors import BusyError

LARGE_BYTES = 16 * 1024
"""A body from here on waits for its turn to be opened."""


class Holding:
    """Counts what is held; one more that does not fit is turned away at once, unread."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = 0

    @contextmanager
    def held(self, size_bytes: int) -> Generator[None]:
        """Hold `size_bytes` for the block.

        Raises:
            BusyError: They do not fit.
        """
        if self._held + size_bytes > self._most:
            raise BusyError("too much is being taken in at once; send it again in a moment", 1)
        self._held += size_bytes
        try:
            yield
        finally:
            self._held -= size_bytes


class Hatch:
    """Lets large bodies in to be opened, in turn.

    What one holds from then until it is committed takes six times its bytes; a body that waits
    takes them once. Small ones pass at once, so that as many as come make one commit.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._open = 0
        self._waiting: OrderedDict[asyncio.Future[None], int] = OrderedDict()

    @asynccontextmanager
    async def turn(self, size_bytes: int) -> AsyncGenerator[None]:
        """Be open for the block, after those that came before; one alone may be of any size."""
        if size_bytes < LARGE_BYTES:
            yield
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[mine] = size_bytes
        self._admit()
        try:
            await mine
            yield
        finally:
            if self._waiting.pop(mine, 0) == 0:
                self._open -= size_bytes
            self._admit()

    def _admit(self) -> None:
        while self._waiting:
            first, size_bytes = next(iter(self._waiting.items()))
            if self._open and self._open + size_bytes > self._most:
                return
            del self._waiting[first]
            self._open += size_bytes
            if not first.done():
                first.set_result(None)
