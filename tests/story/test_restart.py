"""A bot that dies at any event boundary goes on to the same end, and no action runs twice."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.incident.context import Context
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.state import State
from bot.incident.steps import Step
from bot.knowledge.planner import choose
from bot.ports import Draft
from tests.bot.engine.house import INC, House, World, furnish, open_house
from tests.bot.engine.playing import play

EVENTS = 18
BOUNDARIES = [0, *range(2, 10), *range(11, EVENTS + 1)]
"""After how many events a process may have died; 1 and 10 lie inside one commit."""


@dataclass
class Remembering:
    """The planner, keeping the bytes of every context it was given, by how many Steps were left."""

    name: str = "planner"
    told: dict[int, str] = field(default_factory=dict[int, str])

    async def next_step(self, context: Context) -> Step:
        self.told[context.remaining] = repr(context)
        return choose(context)


@dataclass(frozen=True)
class Way:
    """The happy way from alert to close: its events, what the planner was told, and the calls."""

    events: list[Event]
    told: dict[int, str]
    calls: list[tuple[str, str, str]]
    summary: str


async def happy(folder: Path) -> Way:
    model = Remembering()
    world = World(model=model)
    async with open_house(folder, world) as house:
        await house.alarm()
        await play(house)
        events = await house.events()
        summary = (await house.state()).incident.summary
    return Way(events, model.told, world.shop.calls, summary)


@pytest.fixture(name="way")
async def way_fixture(tmp_path: Path) -> Way:
    folder = tmp_path / "first"
    folder.mkdir()
    return await happy(folder)


async def lived(house: House, events: list[Event]) -> None:
    """Write a thread as an earlier process left it, each event at its time.

    The first two come through the door for alerts, which writes them in one commit.
    """
    if events:
        await house.alarm()
    for event in events[2:]:
        clock = house.world.clock
        clock.advance((event.at - clock.now()).total_seconds())
        assert isinstance(event.body, Fact)
        await house.store.log.append(INC, event.seq - 1, Draft(event.actor, (event.body,)))


def resumed(way: Way, count: int, *, called: bool) -> World:
    """The world as it was after the first `count` events; `called`: the action reached the shop."""
    world = World(model=Remembering())
    types = [event.type for event in way.events[:count]]
    if "ActionFinished" in types or ("ActionStarted" in types and called):
        world.shop.calls = list(way.calls)
        world.shop.version = "v41"
    return world


async def go_on(folder: Path, way: Way, count: int) -> tuple[World, State, list[str]]:
    """Begin anew after the first `count` events and see it through to the end."""
    world = resumed(way, count, called=True)
    async with open_house(folder, world) as house:
        await lived(house, way.events[:count])
        if count == 0:
            await house.alarm()  # the sender was never answered, so it sends again
        await play(house)
        return world, await house.state(), await house.types()


async def test_the_way_has_as_many_events_as_are_tried_below(way: Way) -> None:
    assert len(way.events) == EVENTS
    assert len(way.told) == 3


@pytest.mark.parametrize("count", BOUNDARIES)
async def test_after_a_kill_the_way_ends_as_it_would_have(
    tmp_path: Path, way: Way, count: int
) -> None:
    world, state, types = await go_on(tmp_path, way, count)
    assert [version for _, version, _ in world.shop.calls] == ["v41"]
    assert len({key for key, _, _ in world.shop.calls}) == 1
    assert types.count("ActionStarted") == 1
    assert types.count("IncidentClosed") == 1
    expected = [event.type for event in way.events]
    if count and types[count - 1] == "ActionStarted":
        expected[expected.index("ActionFinished")] = "ActionReconciled"
    assert types == expected
    assert state.incident.summary == way.summary


@pytest.mark.parametrize("count", BOUNDARIES)
async def test_after_a_kill_the_next_planner_input_is_byte_equal(
    tmp_path: Path, way: Way, count: int
) -> None:
    world, _, _ = await go_on(tmp_path, way, count)
    assert isinstance(world.model, Remembering)
    told = world.model.told
    steps = [event for event in way.events[:count] if event.type == "StepChosen"]
    assert set(told) == set(range(8, 11 - len(steps)))
    for remaining, context in told.items():
        assert context == way.told[remaining]


@pytest.mark.parametrize("tells", [True, False])
async def test_a_kill_before_the_call_repeats_nothing_and_a_human_or_a_read_back_settles_it(
    tmp_path: Path, way: Way, tells: bool
) -> None:
    count = [event.type for event in way.events].index("ActionStarted") + 1
    world = resumed(way, count, called=False)
    world.shop.tells = tells
    async with open_house(tmp_path, world) as house:
        await lived(house, way.events[:count])
        await house.drive(INC)
        view = await house.view()
        assert view.status == ("failed" if tells else "unknown")
        if not tells:
            outcome = await house.say(f"reconcile P-{view.proposal.id} failed it is still v42")
            assert outcome.kind == "done"
        assert (await house.view()).status == "failed"
        world.clock.advance(7200)
        await house.drive(INC)
    assert world.shop.calls == []


async def test_two_processes_over_the_same_log_give_the_same_state(
    tmp_path: Path, way: Way
) -> None:
    world = resumed(way, EVENTS, called=True)
    async with open_house(tmp_path, world) as house:
        await lived(house, way.events)
        other = furnish(world, house.store)
        assert repr(await other.state()) == repr(await house.state())
        assert await house.store.verify() == []
