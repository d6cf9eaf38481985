"""One approval is one execution, by those who may as of now, and nothing is tried again."""

from pathlib import Path

import pytest

from bot.errors import RemoteError, StaleThreadError, ToolError, UnreadableError
from bot.incident.facts_action import ActionStarted, ProposalExpired, ProposalSuperseded
from bot.knowledge.people import People
from bot.ports import Draft
from bot.shelf import ToolResult
from tests.bot.engine.house import INC, House, World, approved, open_house
from tests.bot.engine.making import DANA, EVE, Team

pytestmark = pytest.mark.usefixtures("each_database")


async def drive_on(house: House) -> None:
    """Drive for two hours, a minute at a time."""
    for _ in range(120):
        house.world.clock.advance(60)
        await house.drive(INC)


@pytest.mark.parametrize("how", ["refused", "not_sent", "answered_no"])
async def test_e12_a_failed_action_is_not_tried_again_on_the_same_approval(
    tmp_path: Path, how: str
) -> None:
    world = World()
    errors = {"refused": ToolError("no"), "not_sent": RemoteError("jobs", "no route", sent=False)}

    async def fail() -> None:
        if how in errors:
            raise errors[how]

    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.acting.during = fail
        world.acting.answer = ToolResult("no", ok=False) if how == "answered_no" else None
        await house.drive(INC)
        assert (await house.view()).status == "failed"
        again = await house.approve(who="web:eve")
        await drive_on(house)
        types = await house.types()
        view = await house.view()
    assert again.kind == "already"
    assert view.status == "failed"
    assert types.count("ActionStarted") == 1
    assert len(world.shop.calls) == 1


async def test_e12_the_database_lets_one_digest_start_once(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        await house.drive(INC)
        (started,) = await house.bodies(ActionStarted)
        assert isinstance(started, ActionStarted)
        again = started.model_copy(update={"attempt": "another", "nonce": "another"})
        state = await house.state()
        with pytest.raises(StaleThreadError):
            await house.log.append(INC, state.seq, Draft("test:hand", (again,)))
        assert (await house.types()).count("ActionStarted") == 1


async def test_e26_nobody_can_be_looked_up_so_nothing_runs_and_the_approval_stands(
    tmp_path: Path,
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.team.unreadable = "people.yaml cannot be read as it stands now"
        for _ in range(3):
            with pytest.raises(UnreadableError, match=r"people\.yaml cannot be read"):
                await house.drive(INC)
        assert (await house.view()).status == "approved"
        assert world.shop.calls == []
        assert INC in await house.store.log.due(world.clock.now())
        world.team.unreadable = ""
        await house.drive(INC)
        assert (await house.view()).status == "succeeded"
    assert len(world.shop.calls) == 1


async def test_e26_an_approval_lapses_when_nobody_can_be_looked_up_in_time(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.team.unreadable = "policy.yaml cannot be read as it stands now"
        with pytest.raises(UnreadableError):
            await house.drive(INC)
        world.clock.advance(600)
        await house.drive(INC)
        assert len(await house.bodies(ProposalExpired)) == 1
        view = await house.view()
    assert (view.status, view.why) == ("expired", "not run in time")
    assert world.shop.calls == []


@pytest.mark.parametrize("how", ["gone", "inactive", "other_group"])
async def test_e26_an_approver_removed_a_moment_ago_does_not_count(
    tmp_path: Path, how: str
) -> None:
    """The files are read again at the grant: what the process knew a moment ago is not enough."""
    dana = {
        "gone": (),
        "inactive": (DANA.model_copy(update={"active": False}),),
        "other_group": (DANA.model_copy(update={"groups": ("payments",)}),),
    }

    class Changed(Team):
        async def afresh(self) -> None:
            self.people = People((*dana[how], EVE))

    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.team.__class__ = Changed
        await house.drive(INC)
        (fact,) = await house.bodies(ProposalSuperseded)
    assert isinstance(fact, ProposalSuperseded)
    assert "dana" in fact.why
    assert not fact.security
    assert world.shop.calls == []


async def test_e30_what_was_expected_and_what_is_seen_are_both_told(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.shop.version = "v43"
        await house.drive(INC)
        view = await house.view()
    assert view.status == "superseded"
    assert "expected version = v42, now version = v43" in view.why
    assert world.shop.calls == []
