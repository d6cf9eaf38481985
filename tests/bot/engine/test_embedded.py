import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from bot.engine import embedded
from bot.engine.embedded import Embedded
from bot.errors import BusyError
from bot.incident.events import Event
from bot.incident.reducer import State
from bot.ports import Draft, Recorded, Refusal
from tests.fakes import FakeClock
from tests.waiting import until


class Alarms:
    """A Log of which only the alarms are asked for."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.errors: list[Exception] = []
        self.asked = 0

    async def due(self, now: datetime, limit: int = 500) -> list[str]:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return list(self.ids)

    async def state(self, stream: str) -> State:
        return State()

    async def afresh(self, stream: str) -> State:
        return State()

    async def load(self, stream: str, after: int = 0, limit: int | None = None) -> list[Event]:
        return []

    async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
        return Recorded((), 0)

    async def record(self, stream: str, build: Callable[[State], Draft | Refusal]) -> Recorded:
        return Recorded((), 0)

    async def sleep(self, stream: str, expect: int, wake_at: datetime | None) -> bool:
        return True

    async def heads(self, stream: str = "") -> dict[str, tuple[int, str]]:
        return {}

    async def changed(self) -> int:
        return 0

    async def open(self, make: Callable[[str], Draft]) -> Recorded:
        return Recorded((), 0)


def made(
    drive: Callable[[str], Awaitable[None]],
    alarms: Alarms | None = None,
) -> Embedded:
    return Embedded(alarms or Alarms(), FakeClock(), drive)


async def idle(dispatcher: Embedded) -> None:
    await until(lambda: dispatcher.busy == 0)


async def test_a_wake_during_a_drive_is_not_lost() -> None:
    drives: list[str] = []
    going = asyncio.Event()

    async def drive(incident: str) -> None:
        drives.append(incident)
        await going.wait()

    dispatcher = made(drive)
    dispatcher.wake("INC-1")
    await until(lambda: len(drives) == 1)
    for _ in range(5):
        dispatcher.wake("INC-1")
    going.set()
    await idle(dispatcher)
    assert drives == ["INC-1", "INC-1"]


async def test_an_incident_is_driven_by_one_task_at_a_time() -> None:
    inside: list[str] = []

    async def drive(incident: str) -> None:
        assert inside == []
        inside.append(incident)
        await asyncio.sleep(0)
        inside.pop()

    dispatcher = made(drive)
    for _ in range(20):
        dispatcher.wake("INC-1")
        await asyncio.sleep(0)
    await idle(dispatcher)


async def test_the_sweep_recovers_a_lost_wake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "SWEEP_S", 0.001)
    alarms = Alarms()
    drives: list[str] = []

    async def drive(incident: str) -> None:
        drives.append(incident)
        alarms.ids.clear()

    dispatcher = made(drive, alarms)
    sweep = asyncio.create_task(dispatcher.run())
    alarms.ids.append("INC-7")
    await until(lambda: drives == ["INC-7"])
    await dispatcher.stop(1)
    await sweep
    assert drives == ["INC-7"]


@pytest.mark.parametrize("error", [BusyError("the database is away"), RuntimeError("a bug")])
async def test_a_sweep_that_fails_goes_on(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(embedded, "SWEEP_S", 0.001)
    alarms = Alarms()
    alarms.errors = [error]
    alarms.ids = ["INC-1"]
    drives: list[str] = []

    async def drive(incident: str) -> None:
        drives.append(incident)

    dispatcher = made(drive, alarms)
    sweep = asyncio.create_task(dispatcher.run())
    await until(lambda: bool(drives))
    await dispatcher.stop(1)
    await sweep


@pytest.mark.parametrize("error", [BusyError("the database is away"), RuntimeError("a bug")])
async def test_an_incident_that_fails_backs_off_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(embedded, "SWEEP_S", 0.001)
    monkeypatch.setattr(embedded, "BACKOFF_S", 0.03)
    alarms = Alarms()
    alarms.ids = ["INC-1"]
    drives: list[int] = []

    async def drive(incident: str) -> None:
        drives.append(alarms.asked)
        if len(drives) == 1:
            dispatcher.wake(incident)  # what it wrote before it failed must not make it spin
            raise error
        alarms.ids.clear()

    dispatcher = made(drive, alarms)
    sweep = asyncio.create_task(dispatcher.run())
    await until(lambda: len(drives) >= 2 and dispatcher.busy == 0)
    await dispatcher.stop(1)
    await sweep
    assert drives[1] - drives[0] > 3  # it sat out some sweeps first


async def test_another_incident_does_not_suffer_from_one_that_fails() -> None:
    drives: list[str] = []

    async def drive(incident: str) -> None:
        if incident == "INC-1":
            raise RuntimeError("a bug")
        drives.append(incident)

    dispatcher = made(drive)
    dispatcher.wake("INC-1")
    dispatcher.wake("INC-2")
    await idle(dispatcher)
    assert drives == ["INC-2"]


async def test_g02_stopping_waits_for_what_runs_and_takes_nothing_new() -> None:
    done: list[str] = []
    going = asyncio.Event()

    async def drive(incident: str) -> None:
        await going.wait()
        done.append(incident)

    dispatcher = made(drive)
    dispatcher.wake("INC-1")
    await asyncio.sleep(0)
    stopping = asyncio.create_task(dispatcher.stop(5))
    await asyncio.sleep(0)
    dispatcher.wake("INC-1")
    dispatcher.wake("INC-2")
    going.set()
    await stopping
    assert done == ["INC-1"]
    assert dispatcher.busy == 0


async def test_g02_what_does_not_end_in_time_is_cancelled() -> None:
    async def drive(incident: str) -> None:
        await asyncio.Event().wait()

    dispatcher = made(drive)
    dispatcher.wake("INC-1")
    await asyncio.sleep(0)
    await dispatcher.stop(0.01)
    assert dispatcher.busy == 0


async def test_stopping_with_nothing_to_do_returns() -> None:
    async def drive(incident: str) -> None:
        raise AssertionError(incident)

    dispatcher = made(drive)
    await dispatcher.stop(5)
    dispatcher.wake("INC-1")
    assert dispatcher.busy == 0
