from pathlib import Path

import pytest

from bot.engine.reads import Reader
from bot.errors import BusyError, RemoteError
from bot.incident.decide import decide
from bot.incident.effects import RunTools
from bot.incident.facts_run import StepChosen, ToolFailed, ToolReturned
from bot.ports import Evidence
from tests.bot.engine.house import INC, World, open_house
from tests.bot.engine.making import Scripted, conclude, look
from tests.bot.incident.making import context


async def test_up_to_four_looks_are_recorded_in_order_under_their_ids(tmp_path: Path) -> None:
    world = World(model=Scripted([look("a", "b", "c", "d"), conclude()]))
    world.looking.fails = [RemoteError("shop", "gone", 404)]
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        facts = await house.bodies(ToolReturned, ToolFailed)
        state = await house.state()
    ids = [fact.effect_id for fact in facts if isinstance(fact, ToolReturned | ToolFailed)]
    assert ids == ["r1s1.0", "r1s1.1", "r1s1.2", "r1s1.3"]
    assert [result.key for result in state.run.results] == ["a", "b", "c", "d"]
    assert [bool(result.error) for result in state.run.results] == [True, False, False, False]


async def test_an_answer_that_comes_twice_is_kept_once(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.record(context(), StepChosen(effect_id="r1s1", step=look(), by="planner"))
        effect = decide(await house.state(), world.clock.now(), world.limits())
        assert isinstance(effect, RunTools)
        reader = Reader(house.log, house.box, world.clock)
        await reader.run(INC, effect)
        await reader.run(INC, effect)
        assert (await house.types()).count("ToolReturned") == 1
    assert world.shop.looks == 2


async def test_a_busy_database_is_no_failed_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(model=Scripted([look("a", "b"), conclude()]))
    async with open_house(tmp_path, world) as house:
        put = house.store.evidence.put
        busy = [True]

        async def sometimes(evidence: Evidence) -> str:
            if busy and busy.pop():
                raise BusyError("the disk is full")
            return await put(evidence)

        monkeypatch.setattr(house.store.evidence, "put", sometimes)
        await house.alarm()
        with pytest.raises(BusyError):
            await house.drive(INC)
        assert "ToolFailed" not in await house.types()
        await house.drive(INC)
        assert (await house.types()).count("ToolReturned") == 2
