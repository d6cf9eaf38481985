import asyncio
from pathlib import Path

import pytest

from bot.engine import grant
from bot.errors import BusyError
from bot.incident.facts_action import (
    ActionStarted,
    DecisionMade,
)
from bot.ports import Draft, Recorded
from tests.bot.engine.house import INC, World, Wrapped, approved, open_house, order
from tests.bot.engine.making import LAX, Team


async def test_the_intent_is_committed_before_the_call(tmp_path: Path) -> None:
    world = World()
    seen: list[str] = []
    async with open_house(tmp_path, world) as house:
        await approved(house)

        async def during() -> None:
            seen.extend(await house.types())

        world.acting.during = during
        await house.drive(INC)
        (started,) = await house.bodies(ActionStarted)
        made = (await house.bodies(DecisionMade))[0]
    assert seen[-1] == "ActionStarted"
    assert order(seen, "DecisionMade", "ProposalApproved", "ActionStarted")
    assert isinstance(started, ActionStarted)
    assert isinstance(made, DecisionMade)
    assert started.digest == made.digest
    assert started.before == "v42"
    assert len(started.preconditions) == 1
    key, _, by = world.shop.calls[0]
    assert (key, by) == (started.attempt, "dana")


@pytest.mark.usefixtures("each_database")
async def test_e35_paused_between_approval_and_execution_nothing_runs_until_resumed(
    tmp_path: Path,
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.paused = True
        await house.drive(INC)
        assert "ActionStarted" not in await house.types()
        assert (await house.view()).status == "approved"
        world.paused = False
        await house.drive(INC)
        assert (await house.view()).status == "succeeded"
    assert len(world.shop.calls) == 1


@pytest.mark.usefixtures("each_database")
async def test_e35_a_pause_that_only_the_switch_knows_leaves_the_approval(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.shut = "the bot is paused by dana"
        with pytest.raises(BusyError, match="paused by dana"):
            await house.drive(INC)
        assert (await house.view()).status == "approved"
        world.shut = ""
        await house.drive(INC)
    assert len(world.shop.calls) == 1


@pytest.mark.usefixtures("each_database")
async def test_e35_a_pause_right_after_the_intent_still_stops_the_call(tmp_path: Path) -> None:
    world = World()

    class Late(Wrapped):
        async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
            made = await self.inner.append(stream, expect, draft)
            if isinstance(draft.facts[0], ActionStarted):
                world.shut = "the bot is paused by dana"
            return made

    async with open_house(tmp_path, world, log=Late) as house:
        await approved(house)
        await house.drive(INC)
        view = await house.view()
    assert world.shop.calls == []
    assert view.status == "failed"
    assert "paused by dana" in view.why


async def test_a_grant_that_ran_out_is_not_used(tmp_path: Path) -> None:
    world = World()

    class Slow(Wrapped):
        async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
            made = await self.inner.append(stream, expect, draft)
            if isinstance(draft.facts[0], ActionStarted):
                world.clock.advance(grant.GRANT_S)
            return made

    async with open_house(tmp_path, world, log=Slow) as house:
        await approved(house)
        await house.drive(INC)
        view = await house.view()
    assert world.shop.calls == []
    assert "grant ran out" in view.why


async def test_read_only_keeps_an_approval_unused_until_it_lapses(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.read_only = True
        await house.drive(INC)
        assert (await house.view()).status == "approved"
        world.clock.advance(600)
        await house.drive(INC)
        view = await house.view()
    assert (view.status, view.why) == ("expired", "not run in time")
    assert world.shop.calls == []


@pytest.mark.usefixtures("each_database")
async def test_e34_two_incidents_never_act_on_one_target_at_once(tmp_path: Path) -> None:
    world = World()
    world.acting.guarded = False
    inside: list[int] = []
    most: list[int] = []

    async def during() -> None:
        inside.append(1)
        most.append(len(inside))
        for _ in range(20):
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        inside.pop()

    world.acting.during = during
    async with open_house(tmp_path, world) as house:
        for incident in ("INC-1", "INC-2"):
            await house.pending(incident)
            assert (await house.approve(incident)).kind == "done"
        await asyncio.gather(house.drive("INC-1"), house.drive("INC-2"))
        statuses = [(await house.view(name)).status for name in ("INC-1", "INC-2")]
    assert statuses == ["succeeded", "succeeded"]
    assert most == [1, 1]


@pytest.mark.usefixtures("each_database")
async def test_e30_the_second_of_two_same_actions_finds_its_precondition_gone(
    tmp_path: Path,
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        for incident in ("INC-1", "INC-2"):
            await house.pending(incident)
            await house.approve(incident)
        await asyncio.gather(house.drive("INC-1"), house.drive("INC-2"))
        statuses = {(await house.view(name)).status for name in ("INC-1", "INC-2")}
    assert statuses == {"succeeded", "superseded"}
    assert len(world.shop.calls) == 1


@pytest.mark.usefixtures("each_database")
async def test_e22_a_high_risk_action_runs_after_two_persons_only(tmp_path: Path) -> None:
    world = World(team=Team(policy=LAX))
    world.acting.risk = "high"
    async with open_house(tmp_path, world) as house:
        await house.pending()
        first = await house.approve()
        await house.drive(INC)
        assert world.shop.calls == []
        again = await house.approve(who="chat:U1")
        await house.drive(INC)
        assert world.shop.calls == []
        await house.approve(who="web:eve")
        await house.drive(INC)
    assert "needs one more person" in first.text
    assert again.kind == "already"
    assert [by for _, _, by in world.shop.calls] == ["dana, eve"]
