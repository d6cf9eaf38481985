from pathlib import Path

import pytest

from bot.errors import RemoteError, ToolError
from bot.incident.facts_action import ActionReconciled, ActionRegressed, ActionUnknown
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import LAX, Team

pytestmark = pytest.mark.usefixtures("each_database")


class Killed(BaseException):
    """The process dies here."""


async def kill() -> None:
    raise Killed


async def interrupted(folder: Path, world: World, *, after: bool) -> None:
    """Approve an action and die inside the call: before it took effect, or after."""
    async with open_house(folder, world) as house:
        await house.pending()
        await house.approve()
        if after:
            world.acting.after = kill
        else:
            world.acting.during = kill
        with pytest.raises(Killed):
            await house.drive(INC)
        assert (await house.types())[-1] == "ActionStarted"
    world.acting.after = world.acting.during = None


@pytest.mark.parametrize("after", [True, False])
async def test_e14_a_kill_during_the_call_is_read_back_never_repeated(
    tmp_path: Path, after: bool
) -> None:
    world = World()
    await interrupted(tmp_path, world, after=after)
    async with open_house(tmp_path, world) as house:
        await house.drive(INC)
        (fact,) = await house.bodies(ActionReconciled)
        view = await house.view()
    assert isinstance(fact, ActionReconciled)
    assert (fact.by, fact.ok, view.status) == ("read-back", True, "succeeded")
    assert view.verify_due_at is not None
    assert len(world.shop.calls) == 1


async def test_a_read_back_may_say_that_nothing_was_done(tmp_path: Path) -> None:
    world = World()
    await interrupted(tmp_path, world, after=False)
    world.shop.calls.clear()
    async with open_house(tmp_path, world) as house:
        await house.drive(INC)
        assert (await house.view()).status == "failed"
    assert world.shop.calls == []


@pytest.mark.parametrize("error", [None, ToolError("away"), RemoteError("x", "y"), KeyError("bug")])
async def test_e14_what_cannot_be_read_back_is_unknown_and_a_human_settles_it(
    tmp_path: Path, error: Exception | None
) -> None:
    world = World()
    world.shop.tells = False
    await interrupted(tmp_path, world, after=True)
    world.acting.reads_back = [error] if error else []
    async with open_house(tmp_path, world) as house:
        await house.drive(INC)
        world.clock.advance(7200)
        await house.drive(INC)
        (unknown,) = await house.bodies(ActionUnknown)
        name = (await house.view()).proposal.id
        stranger = await house.say(f"reconcile P-{name} worked I saw it", "web:mallory")
        assert (await house.view()).status == "unknown"
        vague = await house.say(f"reconcile P-{name} worked yes it is")
        assert "what you saw, in 10 characters or more" in vague.text
        assert (await house.view()).status == "unknown"
        outcome = await house.say(f"reconcile P-{name} worked I saw it on the page")
        again = await house.say(f"reconcile P-{name} failed no, it did not")
        view = await house.view()
        await house.drive(INC)
    assert isinstance(unknown, ActionUnknown)
    assert stranger.kind == "refused"
    assert outcome.kind == "done"
    assert again.kind == "unknown"
    assert (view.status, view.result) == ("succeeded", "resolved by person:dana")
    assert view.evidence == "I saw it on the page"
    assert len(world.shop.calls) == 1


async def test_e14_a_human_may_name_the_evidence_instead(tmp_path: Path) -> None:
    world = World()
    world.shop.tells = False
    await interrupted(tmp_path, world, after=True)
    async with open_house(tmp_path, world) as house:
        await house.drive(INC)
        name = (await house.view()).proposal.id
        evidence = (await house.state()).run.results[0].evidence
        other = await house.say(f"reconcile P-{name} worked {evidence[:8]}")
        assert (await house.view()).status == "unknown"
        outcome = await house.say(f"reconcile P-{name} worked {evidence}")
        view = await house.view()
    assert other.kind == "unknown"
    assert outcome.kind == "done"
    assert (view.status, view.evidence) == ("succeeded", evidence)


async def done(house: House) -> None:
    await house.pending()
    await house.approve()
    await house.drive(INC)
    assert (await house.view()).status == "succeeded"


async def test_e33_verification_runs_at_its_times_and_then_no_more(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await done(house)
        for seconds, passed in ((59, 0), (1, 1), (239, 1), (1, 2), (9999, 2)):
            world.clock.advance(seconds)
            await house.drive(INC)
            view = await house.view()
            assert view.verified == passed
    assert view.checks == ["the shop is healthy: healthy = True"] * 2


async def test_e33_a_regression_proposes_the_undo_once_and_runs_it_after_a_decision(
    tmp_path: Path,
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await done(house)
        world.shop.worse = True
        world.clock.advance(60)
        await house.drive(INC)
        world.clock.advance(60)
        await house.drive(INC)
        first, second = (await house.state()).incident.proposals.values()
        assert first.regressed == "the shop is healthy: healthy = False"
        assert second.asked.undo_of == first.proposal.id
        assert second.proposal.args == {"job": "rollback", "version": "v42"}
        assert second.status == "pending"
        assert len(world.shop.calls) == 1
        outcome = await house.say(f"approve P-{second.proposal.id}")
        await house.drive(INC)
        first, second = (await house.state()).incident.proposals.values()
        types = await house.types()
    assert outcome.kind == "done"
    assert (first.status, second.status) == ("rolled_back", "succeeded")
    assert types.count("ActionRegressed") == 1
    assert types.count("ActionUndone") == 1
    assert [version for _, version, _ in world.shop.calls] == ["v41", "v42"]


async def test_a_verification_that_cannot_be_read_is_no_pass(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await done(house)
        world.looking.fails = [KeyError("a bug in the tool")]
        world.clock.advance(60)
        await house.drive(INC)
        (fact,) = await house.bodies(ActionRegressed)
    assert isinstance(fact, ActionRegressed)
    assert "could not be read" in fact.why


async def test_e33_an_irreversible_action_that_regresses_proposes_nothing(tmp_path: Path) -> None:
    world = World(team=Team(policy=LAX))
    world.acting.undo = False
    async with open_house(tmp_path, world) as house:
        assert (await house.pending()).proposal.risk == "high"
        await house.approve()
        await house.approve(who="web:eve")
        await house.drive(INC)
        assert (await house.view()).status == "succeeded"
        world.shop.worse = True
        world.clock.advance(60)
        await house.drive(INC)
        assert len((await house.state()).incident.proposals) == 1
        outcome = await house.say(f"undo P-{(await house.view()).proposal.id}")
    assert "irreversible" in outcome.text


async def test_e33_a_human_may_ask_for_the_undo_and_again_after_it_was_denied(
    tmp_path: Path,
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await done(house)
        name = (await house.view()).proposal.id
        assert (await house.say(f"undo P-{name}")).kind == "done"
        assert "already" in (await house.say(f"undo P-{name}")).text
        await house.drive(INC)
        undo = list((await house.state()).incident.proposals.values())[1]
        assert undo.proposal.requested_by == "person:dana"
        assert undo.proposal.args == {"job": "rollback", "version": "v42"}  # as it was before
        assert "already" in (await house.say(f"undo P-{name}")).text
        refused = await house.say(f"approve P-{undo.proposal.id}")
        assert "somebody else decides" in refused.text
        await house.say(f"deny P-{undo.proposal.id} not now please", "web:eve")
        assert (await house.say(f"undo P-{name}")).kind == "done"
        await house.drive(INC)
        views = list((await house.state()).incident.proposals.values())
    assert [view.status for view in views] == ["succeeded", "denied", "pending"]
    assert views[2].asked.undo_of == name
