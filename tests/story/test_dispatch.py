"""The loop under its dispatcher, over the real store: nobody calls `drive` by hand."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.engine import embedded
from bot.engine.embedded import Embedded
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import Scripted, look
from tests.waiting import WITHIN_S, until


@asynccontextmanager
async def dispatched(house: House, *, deaf: bool = False) -> AsyncGenerator[Embedded]:
    dispatcher = Embedded(house.store.log, house.world.clock, house.drive)

    def committed(streams: frozenset[str]) -> None:
        if not deaf:
            for stream in streams:
                dispatcher.wake(stream)

    house.store.listen(committed)
    sweep = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        house.drive.stopping = True
        await dispatcher.stop(WITHIN_S)
        await sweep


async def until_told(house: House, true: Callable[[list[str]], bool], incident: str = INC) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not true(await house.types(incident)):  # noqa: ASYNC110 - the log is what we watch
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("deaf", [False, True])
async def test_an_alert_becomes_a_verified_action_also_when_every_wake_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deaf: bool
) -> None:
    monkeypatch.setattr(embedded, "SWEEP_S", 0.005)
    world = World()
    async with open_house(tmp_path, world) as house, dispatched(house, deaf=deaf):
        await house.alarm()
        await until_told(house, lambda types: "ActionProposed" in types)
        assert (await house.approve()).kind == "done"
        await until_told(house, lambda types: "ActionFinished" in types)
        world.clock.advance(60)
        await until_told(house, lambda types: "ActionVerified" in types)
        world.clock.advance(240)
        await until_told(house, lambda types: types.count("ActionVerified") == 2)
        await house.alarm("resolved")
        await until_told(house, lambda types: "IncidentResolved" in types)
        world.clock.advance(60)
        await until_told(house, lambda types: "IncidentClosed" in types)
    assert len(world.shop.calls) == 1


async def test_twenty_incidents_at_once_act_one_after_the_other_and_once_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "SWEEP_S", 0.005)
    world = World()
    world.acting.guarded = False
    inside: list[int] = []
    most: list[int] = []

    async def during() -> None:
        inside.append(1)
        most.append(len(inside))
        await asyncio.sleep(0.001)
        inside.pop()

    world.acting.during = during
    async with open_house(tmp_path, world) as house, dispatched(house):
        names = [await house.alarm(key=f"g{number}") for number in range(20)]
        for name in names:
            await until_told(house, lambda types: "ActionProposed" in types, name)
        await asyncio.gather(*(house.approve(name) for name in names))
        for name in names:
            await until_told(house, lambda types: "ActionFinished" in types, name)
            assert (await house.types(name)).count("ActionStarted") == 1
    assert len(world.shop.calls) == 20
    assert len({key for key, _, _ in world.shop.calls}) == 20
    assert set(most) == {1}


async def test_g02_stopping_awaits_a_running_action(tmp_path: Path) -> None:
    world = World()
    begun, going = asyncio.Event(), asyncio.Event()

    async def during() -> None:
        begun.set()
        await going.wait()

    world.acting.during = during
    async with open_house(tmp_path, world) as house:
        async with dispatched(house) as dispatcher:
            await house.alarm()
            await until_told(house, lambda types: "ActionProposed" in types)
            await house.approve()
            await begun.wait()
            house.drive.stopping = True
            stopping = asyncio.create_task(dispatcher.stop(WITHIN_S))
            await asyncio.sleep(0)
            going.set()
            await stopping
            assert (await house.types())[-1] == "ActionFinished"
        assert "ActionVerified" not in await house.types()


async def test_a_waiting_incident_costs_nothing(tmp_path: Path) -> None:
    """Once nothing is due, no sweep finds the incident and no task drives it."""
    world = World(model=Scripted([look()]))
    async with open_house(tmp_path, world) as house, dispatched(house) as dispatcher:
        await house.alarm()
        await until_told(house, lambda types: "ConclusionReached" in types)
        await until(lambda: not dispatcher.busy)
        assert await house.store.log.due(world.clock.now()) == []
