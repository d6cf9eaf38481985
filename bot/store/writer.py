"""The one writer: a thread that puts all waiting requests into one commit, and only then answers.

The group forms by itself: while one commit waits for the disk, the next requests queue up.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from bot.errors import BotError, BusyError, ConfigError, StaleThreadError
from bot.ports import Clock
from bot.store.tx import Tx

T = TypeVar("T")

GROUP = 500
"""Requests in one commit, at most."""

log = logging.getLogger(__name__)


class Memory(Protocol):
    """What the writer remembers of streams, and must forget when their writes are undone."""

    def forget(self, streams: Iterable[str]) -> None:
        """Drop what is known of these streams."""
        ...


@dataclass(slots=True)
class _Request:
    work: Callable[[Tx], Any]
    answer: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


class Writer:
    """Owns the write connection; `submit` is the only way to it."""

    def __init__(self, engine: Engine | None, clock: Clock, memory: Memory, queue_max: int) -> None:
        self._clock = clock
        self._memory = memory
        self._queue_max = queue_max
        self._queue: SimpleQueue[_Request | None] = SimpleQueue()
        self._refuse: BotError | None = None
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Callable[[frozenset[str]], None]] = []
        self._thread: Thread | None = None
        if engine is None:
            self._refuse = ConfigError("this command opened the database only to read")
            return
        driver = engine.dialect.loaded_dbapi
        self._driver_error: type[Exception] = driver.Error
        self._driver_conflict: type[Exception] = driver.IntegrityError
        self._thread = Thread(target=self._run, args=(engine,), name="store-write")
        self._thread.start()

    def listen(self, committed: Callable[[frozenset[str]], None]) -> None:
        """Call `committed` in the event loop after each commit that wrote to a stream.

        It is given the streams that somebody must look at now; none, when alerts only joined.
        """
        self._listeners.append(committed)

    async def submit(self, work: Callable[[Tx], T]) -> T:
        """Return what `work` returns, after its commit; `work` runs in the writer's thread.

        Raises:
            BusyError: The queue is full, the store is stopping, or nothing could be committed.
            StaleThreadError: A unique index says that somebody was first.
            ConfigError: The database was opened to read only.
        """
        if self._refuse is not None:
            raise self._refuse
        if self._queue.qsize() >= self._queue_max:
            raise BusyError(f"{self._queue_max} writes are waiting already; send it again later")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Request(work, answer))
        return await answer

    @property
    def waiting(self) -> int:
        """How many writes wait for the writer now."""
        return self._queue.qsize()

    async def stop(self) -> None:
        """Commit what is waiting, then end the thread."""
        self._refuse = BusyError("the bot is stopping; send it again in a moment")
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)

    def _run(self, engine: Engine) -> None:
        with engine.connect() as connection:
            more = True
            while more:
                batch, more = self._gather()
                if not batch:
                    continue
                woken = self._write(connection, batch)
                self._loop.call_soon_threadsafe(self._settle, batch, woken)

    def _gather(self) -> tuple[list[_Request], bool]:
        batch: list[_Request] = []
        request = self._queue.get()
        try:
            while request is not None:
                batch.append(request)
                if len(batch) == GROUP:
                    return batch, True
                request = self._queue.get_nowait()
        except Empty:
            return batch, True
        return batch, False

    def _write(self, connection: Connection, batch: list[_Request]) -> frozenset[str] | None:
        """Commit, and return the streams to look at; None when no stream was written."""
        touched: set[str] = set()
        woken: set[str] = set()
        try:
            with connection.begin():
                tx = Tx(connection, self._clock.now())
                try:
                    for request in batch:
                        self._serve(tx, request)
                        touched |= tx.touched
                        woken |= tx.woken
                finally:
                    touched |= tx.touched
                    tx.close()
        except Exception as error:
            log.exception("nothing of %d writes could be committed", len(batch))
            self._memory.forget(touched)
            connection.invalidate()  # a new connection knows nothing of a half-failed commit
            reason = error.orig if isinstance(error, DBAPIError) else error
            for request in batch:
                request.error = BusyError(f"the database could not commit ({reason}); try again")
            return None
        return frozenset(woken) if touched else None

    def _serve(self, tx: Tx, request: _Request) -> None:
        """Run one request in a savepoint: what it raises is its own, unless the database is ill."""
        tx.begin()
        tx.run("SAVEPOINT request")
        try:
            request.result = request.work(tx)
        except (DBAPIError, self._driver_error) as error:
            if not isinstance(error, (IntegrityError, self._driver_conflict)):
                raise
            request.error = StaleThreadError(f"somebody else was first ({error})")
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            request.error = error
        if request.error is not None:
            tx.run("ROLLBACK TO request")
            self._memory.forget(tx.touched)
            tx.begin()
        tx.run("RELEASE request")

    def _settle(self, batch: list[_Request], woken: frozenset[str] | None) -> None:
        for request in batch:
            if request.answer.done():  # whoever asked is gone; it is written all the same
                continue
            if request.error is not None:
                request.answer.set_exception(request.error)
            else:
                request.answer.set_result(request.result)
        if woken is not None:
            for committed in self._listeners:
                committed(woken)
