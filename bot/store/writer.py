"""The one writer: a thread that puts all waiting requests into one commit, and only then answers.

The group forms by itself: while one commit waits for the disk, the next requests queue up.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Protocol, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from bot import telemetry
from bot.errors import BotError, BusyError, ConfigError, InputError, StaleThreadError
from bot.ports import Clock
from bot.store.link import WriteLink
from bot.store.turns import Alone
from bot.store.tx import Tx

T = TypeVar("T")
Join = Callable[[Tx, frozenset[str]], None]
U = TypeVar("U")

GROUP = 500
"""Requests in one commit, at most."""

LIMIT_EXCEEDED = "54"
"""The class of the server's states that say so."""

log = logging.getLogger(__name__)


class Memory(Protocol):
    """What the writer remembers of streams, and must forget when their writes are undone."""

    def forget(self, streams: Iterable[str]) -> None:
        """Drop what is known of these streams."""
        ...


@dataclass(slots=True)
class _Request:
    """`work` is given the transaction and the items of all that asked the same together."""

    work: Callable[[Tx, list[Any]], Sequence[Any]]
    item: Any
    answer: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None


class Writer:
    """Owns the write connection; `submit` is the only way to it."""

    def __init__(
        self, engine: Engine | None, clock: Clock, memory: Memory, queue_max: int, turns: Alone
    ) -> None:
        self._clock = clock
        self._memory = memory
        self._queue_max = queue_max
        self._turns = turns
        self._queue: SimpleQueue[_Request | None] = SimpleQueue()
        self._refuse: BotError | None = None
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Callable[[frozenset[str]], None]] = []
        self._joins: list[Join] = []
        self._thread: Thread | None = None
        if engine is None:
            self._refuse = ConfigError("this command opened the database only to read")
            return
        self._driver = engine.dialect.loaded_dbapi
        self._thread = Thread(
            target=self._run, args=(WriteLink(engine, turns),), name="store-write"
        )
        self._thread.start()

    def listen(self, committed: Callable[[frozenset[str]], None]) -> None:
        """Call `committed` in the event loop after each commit that wrote to a stream.

        It is given the streams that somebody must look at now; none, when alerts only joined.
        """
        self._listeners.append(committed)

    def enlist(self, join: Join) -> None:
        """Call `join` in the writer's thread, as the last of each transaction that wakes streams.

        What it writes is committed with them, and what it raises fails them all.
        """
        self._joins.append(join)

    def call_listeners(self, woken: frozenset[str]) -> None:
        """Tell the listeners, in the event loop."""
        for committed in self._listeners:
            committed(woken)

    async def submit(self, work: Callable[[Tx], T]) -> T:
        """Return what `work` returns, after its commit; `work` runs in the writer's thread.

        Raises:
            BusyError: The queue is full, the store is stopping, or nothing could be committed.
            StaleThreadError: A unique index says that somebody was first.
            InputError: The database cannot hold a value.
            ConfigError: The database was opened to read only.
        """
        return await self._ask(lambda tx, _: (work(tx),), None)

    async def submit_together(self, work: Callable[[Tx, Sequence[U]], Sequence[T]], item: U) -> T:
        """Return what `work` returns for `item`, after its commit.

        All that wait one after the other with an equal `work` are handed to it together, and what
        it returns is theirs in this order. Should it raise, each is handed to it alone.

        Raises:
            BusyError, StaleThreadError, ConfigError: As `submit`.
        """
        return await self._ask(work, item)

    async def _ask(self, work: Callable[[Tx, list[Any]], Sequence[T]], item: object) -> T:
        if self._refuse is not None:
            raise self._refuse
        full = self.full()
        if full:
            raise BusyError(full)
        answer: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Request(work, item, answer))
        try:
            return await answer
        finally:
            del answer  # else an error and its traceback hold each other, and what was in hand

    def full(self) -> str:
        """Return why no write is taken now, empty when one is."""
        if self._queue.qsize() < self._queue_max:
            return ""
        return f"{self._queue_max} writes are waiting already; send it again later"

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

    def _run(self, link: WriteLink) -> None:
        more = True
        while more:
            batch, more = self._gather()
            if not batch:
                continue
            with telemetry.commit_duration.time():
                woken = self._write(link, batch)
            self._loop.call_soon_threadsafe(self._settle, batch, woken)
            del batch  # else all that was brought and told waits here for the next one
        link.close()

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

    def _write(self, link: WriteLink, batch: list[_Request]) -> frozenset[str] | None:
        """Commit, and return the streams to look at; None when no stream was written."""
        touched: set[str] = set()
        woken: set[str] = set()
        is_complete = False
        try:
            transaction, tx = link.begin(self._clock.now, self._memory.forget)
            try:
                runs = _runs(batch)
                while runs:
                    run = runs.popleft()
                    if not self._serve(tx, run):
                        runs.extendleft([request] for request in reversed(run))
                    touched |= tx.touched
                    woken |= tx.woken
                self._turns.end(tx, touched, woken)
                for join in self._joins if woken else ():
                    join(tx, frozenset(woken))
            finally:
                touched |= tx.touched
                tx.close()
            is_complete = True
            transaction.commit()
        except Exception as error:
            log.exception("nothing of %d writes could be committed", len(batch))
            self._memory.forget(touched)
            link.drop()
            reason = error.orig if isinstance(error, DBAPIError) else error
            kept = is_complete and link.was_kept()
            if not kept:
                end = "look whether it was kept" if kept is None else "try again"
                _fail(batch, f"the database could not commit ({reason}); {end}")
            if kept is False:
                return None
            if kept is None:  # the next turn learns of it, if it is there
                return frozenset(woken) if touched else None
        self._turns.committed()
        return frozenset(woken) if touched else None

    def _serve(self, tx: Tx, run: list[_Request]) -> bool:
        """Run requests in a savepoint; False when several failed, and each must be tried alone.

        What one raises is its own, unless the database is ill.
        """
        tx.begin()
        tx.run("SAVEPOINT request")
        failed: Exception | None = None
        try:
            results = run[0].work(tx, [request.item for request in run])
            for request, result in zip(run, results, strict=True):
                request.result = result
        except (DBAPIError, self._driver.Error) as error:
            failed = self._own_fault(error)
            if failed is None:
                raise
        except BotError as error:
            failed = error.with_traceback(None)  # it is its own explanation; see `submit`
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            failed = error
        if failed is not None:
            tx.run("ROLLBACK TO request")
            self._memory.forget(tx.touched)
            tx.begin()
            if len(run) == 1:
                run[0].error = failed
        tx.run("RELEASE request")
        return failed is None or len(run) == 1

    def _own_fault(self, error: Exception) -> BotError | None:
        """Return what to tell whoever asked; None when it is not about this request alone."""
        if isinstance(error, (IntegrityError, self._driver.IntegrityError)):
            return StaleThreadError(f"somebody else was first ({error})")
        if isinstance(error, (DataError, self._driver.DataError)) or _is_too_much(error):
            return InputError(f"the database cannot hold a value of it ({error})")
        return None

    def _settle(self, batch: list[_Request], woken: frozenset[str] | None) -> None:
        for request in batch:
            if request.answer.done():  # whoever asked is gone; it is written all the same
                continue
            if request.error is not None:
                request.answer.set_exception(request.error)
            else:
                request.answer.set_result(request.result)
        if woken is not None:
            self.call_listeners(woken)


def _is_too_much(error: Exception) -> bool:
    """Tell whether PostgreSQL refuses a value for its size, as one too long for an index."""
    said = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(said, "sqlstate", None) or "").startswith(LIMIT_EXCEEDED)


def _fail(batch: list[_Request], why: str) -> None:
    for request in batch:
        request.error = BusyError(why)


def _runs(batch: list[_Request]) -> deque[list[_Request]]:
    """Divide a batch into requests that run together: neighbours that ask for the same work."""
    runs: deque[list[_Request]] = deque()
    for request in batch:
        if runs and runs[-1][0].work == request.work:
            runs[-1].append(request)
        else:
            runs.append([request])
    return runs
