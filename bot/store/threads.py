"""What readers remember of threads: each is folded once, and from then on only its new events."""

import asyncio
from collections import OrderedDict
from weakref import WeakValueDictionary

from sqlalchemy import Connection

from bot.incident.branch import branch
from bot.incident.reducer import State, extend, fold
from bot.store.db import Database
from bot.store.recent import Recent
from bot.store.tail import read_stream

STATES = 1000
WEIGHT = 2000
"""What is remembered weighs no more, counted in alerts; one takes about 1.2 kB."""

WHOLE = 1
"""Threads that are read from their first event at once: each may take much time and room."""


class ThreadMemory:
    """The `Threads` port over one database: a bounded memory, newest use last.

    What it holds is only a prefix of a thread: the rest is read at each look, so that what another
    process wrote is seen, and what was rolled back never is. A state that was given out is never
    touched again; the next one branches off it. One look at a time reads a thread, and only the
    event loop touches the memory.
    """

    def __init__(self, database: Database, recent: Recent) -> None:
        self._database = database
        self._recent = recent
        self._states: OrderedDict[str, State] = OrderedDict()
        self._weight = 0
        self._whole = asyncio.Semaphore(WHOLE)
        self._looks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def state(self, stream: str) -> State:
        """Return the state at the head; it is shared, and empty when there is no such stream."""
        async with self._look(stream):
            known = self._states.get(stream)
            if known is None:
                async with self._whole:
                    state = await self._read(stream, State())
            else:
                state = await self._read(stream, known)
            del known
            self._drop(stream)
            if state.seq:
                self._keep(stream, state)
            return state

    async def afresh(self, stream: str) -> State:
        """Return the state that the stored bytes add up to; what was remembered is forgotten."""
        async with self._look(stream):
            self._drop(stream)
            return await self._database.ask(lambda one: fold(read_stream(one, stream)))

    def _look(self, stream: str) -> asyncio.Lock:
        look = self._looks.get(stream)
        if look is None:
            self._looks[stream] = look = asyncio.Lock()
        return look

    async def _read(self, stream: str, known: State) -> State:
        return await self._database.ask(lambda one: self._extended(one, stream, known))

    def _extended(self, connection: Connection, stream: str, known: State) -> State:
        events = read_stream(connection, stream, known.seq, recent=self._recent)
        return extend(branch(known), events) if events else known

    def _keep(self, stream: str, state: State) -> None:
        self._states[stream] = state
        self._weight += weigh(state)
        while len(self._states) > 1 and (len(self._states) > STATES or self._weight > WEIGHT):
            self._drop(next(iter(self._states)))

    def _drop(self, stream: str) -> None:
        state = self._states.pop(stream, None)
        if state is not None:
            self._weight -= weigh(state)


def weigh(state: State) -> int:
    """Return how much room a state takes, counted in alerts."""
    view, run = state.incident, state.run
    small = len(view.alerts) + len(view.said) + len(run.results) + len(view.questions)
    known = run.context.runbook if run.context is not None else None
    return 3 + small + 5 * len(view.proposals) + (len(known.text) // 1000 if known else 0)
