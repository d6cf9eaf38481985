"""What every dispatcher promises, asked of each: the embedded one, and the one of many processes.

Its loop is a stand-in; the incidents, their alarms and the commits are those of a real store.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.engine import embedded
from bot.engine.embedded import Embedded
from bot.engine.postgres import dispatcher as jobs
from bot.errors import BusyError
from bot.ports import Dispatcher
from bot.store.store import Store
from tests.bot.engine.postgres.desk import Desk, Loop
from tests.bot.store.examples import note, open_incident, say
from tests.fakes import FakeClock, open_store
from tests.waiting import until

Drive = Callable[[str], Awaitable[object]]


class Bench:
    """A store, and a dispatcher that runs over it."""

    def __init__(self, store: Store, start: Callable[[Drive], Dispatcher]) -> None:
        self.store = store
        self.start = start

    async def rest(self, incident: str) -> bool:
        """Put an incident to sleep, as a drive that waits does."""
        events = await self.store.log.load(incident)
        while not await self.store.log.sleep(incident, events[-1].seq, None):
            events = await self.store.log.load(incident)
        return False


@asynccontextmanager
async def of_one_process(folder: Path) -> AsyncGenerator[Bench]:
    running: list[tuple[Embedded, asyncio.Task[None]]] = []
    async with open_store(folder) as store:

        def start(drive: Drive) -> Dispatcher:
            async def driven(incident: str) -> None:
                await drive(incident)

            made = Embedded(store.log, FakeClock(), driven)

            def committed(streams: frozenset[str]) -> None:
                for stream in streams:
                    made.wake(stream)

            store.listen(committed)
            running.append((made, asyncio.create_task(made.run())))
            return made

        yield Bench(store, start)
        for made, task in running:
            await made.stop(60)
            await task


@asynccontextmanager
async def of_many_processes(url: str) -> AsyncGenerator[Bench]:
    clock = FakeClock()
    async with Store.open(url, clock) as store:
        desk = Desk(url.replace("+psycopg", ""), store, clock)

        def start(drive: Drive) -> Dispatcher:
            async def turn(incident: str) -> bool:
                return bool(await drive(incident))

            return desk.start(Loop(turn=turn))

        yield Bench(store, start)
        await desk.close()


@pytest.fixture(params=["embedded", "postgresql"])
async def bench(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[Bench]:
    monkeypatch.setattr(embedded, "SWEEP_S", 0.02)
    monkeypatch.setattr(embedded, "BACKOFF_S", 0.1)
    monkeypatch.setattr(jobs, "BACKOFF_S", 0.1)
    if request.param == "embedded":
        async with of_one_process(tmp_path) as made:
            yield made
    else:
        url = str(request.getfixturevalue("postgresql_url"))
        async with of_many_processes(url) as made:
            yield made


async def test_a_commit_is_driven_and_so_is_what_was_left_before_the_start(bench: Bench) -> None:
    drives: list[str] = []

    async def drive(incident: str) -> bool:
        drives.append(incident)
        return await bench.rest(incident)

    left = await open_incident(bench.store)
    made = bench.start(drive)
    new = await open_incident(bench.store)
    await until(lambda: {left, new} <= set(drives) and made.busy == 0)


async def test_a_write_during_a_drive_is_looked_at_and_drives_never_meet(bench: Bench) -> None:
    inside: list[str] = []
    drives: list[int] = []
    going = asyncio.Event()

    async def drive(incident: str) -> bool:
        assert inside == []
        inside.append(incident)
        await going.wait()
        drives.append(len(await bench.store.log.load(incident)))
        inside.remove(incident)
        return await bench.rest(incident)

    made = bench.start(drive)
    incident = await open_incident(bench.store)
    await until(lambda: inside)
    await asyncio.gather(*(say(bench.store, incident, note()) for _ in range(5)))
    going.set()
    await until(lambda: drives and drives[-1] == 6 and made.busy == 0)


@pytest.mark.parametrize("error", [BusyError("the database is away"), RuntimeError("a bug")])
async def test_what_fails_is_tried_again_and_holds_up_nobody(
    bench: Bench, error: Exception
) -> None:
    drives: list[str] = []

    async def drive(incident: str) -> bool:
        drives.append(incident)
        if incident == ill and drives.count(ill) == 1:
            raise error
        return await bench.rest(incident)

    ill = await open_incident(bench.store)
    bench.start(drive)
    well = await open_incident(bench.store)
    await until(lambda: well in drives and drives.count(ill) >= 2)


async def test_g02_a_stop_waits_for_what_runs_and_takes_nothing_new(bench: Bench) -> None:
    begun: list[str] = []
    done: list[str] = []
    going = asyncio.Event()

    async def drive(incident: str) -> bool:
        begun.append(incident)
        await going.wait()
        done.append(incident)
        return False

    made = bench.start(drive)
    first = await open_incident(bench.store)
    await until(lambda: begun == [first])
    stopping = asyncio.create_task(made.stop(60))
    await asyncio.sleep(0)
    made.wake(await open_incident(bench.store))
    going.set()
    await stopping
    assert set(done) == {first}
    assert made.busy == 0
