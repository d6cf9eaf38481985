"""More incidents than places to investigate, over the real store and dispatcher."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.engine import embedded
from bot.engine.gates import Turnstile
from bot.incident.context import Context
from bot.incident.steps import Step
from bot.knowledge.planner import choose
from tests.bot.engine.house import House, World, open_house
from tests.story.test_dispatch import dispatched, until_told
from tests.waiting import until

PLACES = 3


@dataclass
class Slow:
    """The planner, except that it answers nobody until it may."""

    name: str = "planner"
    may: asyncio.Event = field(default_factory=asyncio.Event)
    inside: list[str] = field(default_factory=list[str])
    asked: list[str] = field(default_factory=list[str])
    most: int = 0

    async def next_step(self, context: Context) -> Step:
        incident = context.incident
        self.inside.append(incident)
        self.asked.append(incident)
        self.most = max(self.most, len(self.inside))
        try:
            await self.may.wait()
            return choose(context)
        finally:
            self.inside.remove(incident)


@asynccontextmanager
async def crowded(folder: Path, world: World, places: int = PLACES) -> AsyncGenerator[House]:
    async with open_house(folder, world) as house, dispatched(house) as dispatcher:
        house.drive.gate = Turnstile(places, places, dispatcher.wake, time.monotonic)
        yield house


async def test_no_more_are_investigated_at_once_than_there_are_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "SWEEP_S", 0.01)
    model = Slow()
    world = World(model=model)
    async with crowded(tmp_path, world) as house:
        names = [await house.alarm(key=f"g{number}") for number in range(12)]
        gate = house.drive.gate
        assert gate is not None
        await until(lambda: len(gate.waiting) == 12 - PLACES)
        assert len(model.inside) == PLACES
        model.may.set()
        for name in names:
            await until_told(house, lambda types: "ActionProposed" in types, name)
        await until(lambda: gate.inside == 0 and not gate.waiting)
    assert model.most == PLACES


async def test_what_humans_decide_and_what_resolves_never_waits_for_a_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "SWEEP_S", 0.01)
    model = Slow()
    model.may.set()
    world = World(model=model)
    async with crowded(tmp_path, world) as house:
        decided = await house.alarm(key="decided")
        await until_told(house, lambda types: "ActionProposed" in types, decided)
        gate = house.drive.gate
        assert gate is not None
        await until(lambda: gate.inside == 0)  # its last question is answered
        model.may.clear()
        busy = [await house.alarm(key=f"busy{number}") for number in range(PLACES)]
        await until(lambda: set(model.inside) == set(busy))
        queued = await house.alarm(key="queued")
        await until(lambda: queued in gate.waiting)
        assert "ContextLoaded" in await house.types(queued)

        assert (await house.approve(decided)).kind == "done"
        await until_told(house, lambda types: "ActionFinished" in types, decided)
        await house.alarm("resolved", key="queued")
        await until_told(house, lambda types: "IncidentResolved" in types, queued)
        await until(lambda: not gate.waiting)
        assert set(model.inside) == set(busy)
        assert queued not in model.asked
        model.may.set()
        for name in busy:
            await until_told(house, lambda types: "StepChosen" in types, name)
    assert len(world.shop.calls) == 1


async def test_a_call_up_that_is_lost_is_made_good_by_the_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "SWEEP_S", 0.01)
    model = Slow()
    world = World(model=model)
    async with open_house(tmp_path, world) as house:
        calls: list[str] = []
        gate = Turnstile(1, 1, calls.append, time.monotonic)  # nobody hears it
        house.drive.gate = gate
        async with dispatched(house):
            first = await house.alarm(key="first")
            await until(lambda: bool(model.inside))
            second = await house.alarm(key="second")
            await until(lambda: second in gate.waiting)
            model.may.set()
            await until_told(house, lambda types: "ActionProposed" in types, first)
            await until(lambda: calls == [second])
            await until(lambda: gate.inside == 1)
            assert "StepChosen" not in await house.types(second)
            world.clock.advance(60)
            await until_told(house, lambda types: "ActionProposed" in types, second)
