from pathlib import Path

from tests.bot.engine.house import INC, World, open_house, order, play


async def test_the_whole_way_from_alert_to_close(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await play(house)
        types = await house.types()
    print(types)
    assert order(types, "ContextLoaded", "StepChosen", "ToolReturned", "ActionProposed")
    assert order(types, "ActionProposed", "DecisionMade", "ActionStarted", "ActionFinished")
    assert order(types, "ActionFinished", "ActionVerified", "IncidentClosed")
    assert len(world.shop.calls) == 1
