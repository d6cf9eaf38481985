"""A proposal that is edited: another revision under its id, decided anew (E-09)."""

from pathlib import Path

import pytest

from bot.engine.prepare import PENDING_MAX
from bot.incident.facts_action import ActionProposed, ProposalSuperseded
from bot.incident.facts_run import StepChosen
from bot.incident.proposal import digest
from tests.bot.engine.editing import OTHER, edit, edited
from tests.bot.engine.house import INC, World, open_house
from tests.bot.engine.making import RULE, Scripted, Team, conclude, look, policy, want
from tests.bot.intake.clicking import button, click


@pytest.mark.usefixtures("each_database")
async def test_e09_an_edit_is_the_next_revision_with_its_own_digest(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        old = await house.pending()
        outcome = await edited(house)
        new = await house.view()
        last = (await house.events())[-2:]
    assert outcome.kind == "done"
    assert "revision 2" in outcome.text
    assert (new.proposal.id, new.proposal.revision) == (old.proposal.id, 2)
    assert new.proposal.args == OTHER
    assert new.proposal.title == "Roll checkout to v40"
    assert new.asked.preview == "v42 -> v40"
    assert new.asked.digest == digest(new.proposal) != old.asked.digest
    assert (new.proposal.requested_by, new.proposal.edited_by) == ("bot", ("person:dana",))
    assert (new.asked.reason, new.asked.reason_by) == (old.asked.reason, old.asked.reason_by)
    assert new.asked.evidence == old.asked.evidence != ()
    gone, made = (event.body for event in last)
    assert gone == ProposalSuperseded(
        proposal=old.proposal.id,
        digest=old.asked.digest,
        why="edited by dana",
        by=new.asked.digest,
    )
    assert isinstance(made, ActionProposed)
    assert [(one.revision, one.why) for one in new.earlier] == [(1, "edited by dana")]


@pytest.mark.usefixtures("each_database")
async def test_e09_what_was_edited_runs_once_it_is_approved_and_nothing_else(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await edited(house)
        assert (await click(house, who="web:eve")).kind == "done"
        await house.drive(INC)
        assert (await house.view()).status == "succeeded"
        assert [call[1:] for call in house.world.shop.calls] == [("v40", "eve")]


@pytest.mark.usefixtures("each_database")
async def test_e09_approvals_of_the_old_revision_are_void(tmp_path: Path) -> None:
    world = World(team=Team(policy=policy(RULE.model_copy(update={"min_approvals": 2}))))
    async with open_house(tmp_path, world) as house:
        old = await house.pending()
        assert "one more person" in (await click(house, who="web:eve")).text
        await edited(house)
        view = await house.view()
        assert (view.proposal.revision, view.status, view.decisions) == (2, "pending", [])
        assert len(view.earlier[0].decisions) == 1
        late = await house.replies.reply(button(old, who="web:eve"))
        assert (late.kind, "out of date" in late.text) == ("refused", True)
        await house.drive(INC)
        assert (await house.view()).status == "pending"
    assert world.shop.calls == []


@pytest.mark.usefixtures("each_database")
async def test_e09_the_same_arguments_change_nothing_and_that_is_said(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        before = await house.types()
        outcome = await edited(house, view.proposal.args)
        assert await house.types() == before
    assert outcome.kind == "unknown"
    assert "has already; nothing was changed" in outcome.text


@pytest.mark.usefixtures("each_database")
async def test_e09_only_defaults_apart_changes_nothing_either(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await edited(house, {"job": "rollback"})  # `version` falls back to what it is
        view = await house.view()
    assert (view.proposal.revision, view.status) == (1, "pending")
    assert view.edit_refused.startswith("the edit by dana was not taken: it would change nothing")


@pytest.mark.usefixtures("each_database")
async def test_e30_an_edit_runs_the_preconditions_again(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await house.pending()
        looks = world.shop.looks
        await edited(house)
        assert world.shop.looks > looks
        assert (await house.view()).proposal.revision == 2


@pytest.mark.usefixtures("each_database")
async def test_e09_of_two_edits_at_once_the_first_is_made(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        first = await house.replies.reply(edit(view))
        second = await house.replies.reply(edit(view, {"job": "rollback", "version": "v39"}))
        await house.drive(INC)
        third = await house.replies.reply(edit(view, {"job": "rollback", "version": "v39"}))
        new = await house.view()
    assert (first.kind, second.kind, third.kind) == ("done", "unknown", "refused")
    assert "is being prepared" in second.text
    assert new.proposal.args == OTHER


@pytest.mark.usefixtures("each_database")
async def test_e09_an_approval_that_comes_first_stands(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await house.replies.reply(edit(await house.view()))
        assert (await click(house, who="web:eve")).kind == "done"
        await house.drive(INC)
        view = await house.view()
        assert (view.proposal.revision, view.status) == (1, "succeeded")
        assert "only what waits for a decision is edited" in view.edit_refused


@pytest.mark.usefixtures("each_database")
async def test_e09_the_editor_does_not_approve_their_own_work(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await edited(house)
        own = await click(house)
        assert (await house.view()).status == "pending"
        other = await click(house, who="web:eve")
    assert (own.kind, other.kind) == ("refused", "done")


@pytest.mark.usefixtures("each_database")
async def test_e09_every_editor_is_a_co_author_once(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await edited(house)
        await edited(house, {"job": "rollback", "version": "v39"}, "web:eve")
        await edited(house, OTHER)
        view = await house.view()
    assert view.proposal.revision == 4
    assert view.proposal.edited_by == ("person:dana", "person:eve")
    assert [one.proposal.revision for one in view.revisions] == [1, 2, 3, 4]
    assert [one.replaced_by for one in view.revisions] == [2, 3, 4, 0]


@pytest.mark.usefixtures("each_database")
async def test_e09_what_was_edited_and_expired_keeps_its_authors_when_it_is_renewed(
    tmp_path: Path,
) -> None:
    """Else an editor could let it lapse, propose it again, and approve their own work."""
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await edited(house)
        house.world.clock.advance(1800)
        await house.drive(INC)
        assert (await house.view()).status == "expired"
        await house.say(f"renew P-{(await house.view()).proposal.id}")
        await house.drive(INC)
        newest = list((await house.state()).incident.proposals.values())[-1]
    assert (newest.proposal.revision, newest.status) == (1, "pending")
    assert newest.proposal.args == OTHER
    assert newest.proposal.edited_by == ("person:dana",)


@pytest.mark.usefixtures("each_database")
async def test_e44_an_edit_is_not_one_more_question(tmp_path: Path) -> None:
    lines = [look(), *(want(f"v{number}") for number in range(PENDING_MAX)), conclude()]
    async with open_house(tmp_path, World(model=Scripted([*lines]))) as house:
        await house.pending()
        outcome = await edited(house)
        state = await house.state()
    assert outcome.kind == "done"
    assert len(state.incident.proposals) == PENDING_MAX
    assert next(iter(state.incident.proposals.values())).proposal.revision == 2


@pytest.mark.usefixtures("each_database")
async def test_e09_by_words_only_what_is_named_changes(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        outcome = await house.say(f"edit P-{view.proposal.id} version=v40")
        await house.drive(INC)
        assert (await house.view()).proposal.args == OTHER
        unknown = await house.say(f"edit P-{view.proposal.id} versoin=v39")
    assert outcome.kind == "done"
    assert (unknown.kind, "there are: job, version" in unknown.text) == ("unknown", True)


@pytest.mark.usefixtures("each_database")
async def test_e09_while_the_investigation_is_paused_an_edit_is_made(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await house.say(f"pause {INC}")
        await edited(house)
        assert (await house.view()).proposal.revision == 2


@pytest.mark.usefixtures("each_database")
async def test_e09_whoever_asked_for_it_may_edit_it_though_others_decide(tmp_path: Path) -> None:
    async with open_house(tmp_path, World(model=Scripted([look(), conclude()]))) as house:
        await house.alarm()
        await house.drive(INC)
        step = want()
        await house.record(StepChosen(effect_id="ask-1", step=step, by="person:mallory"))
        await house.drive(INC)
        outcome = await edited(house, who="web:mallory")
        view = await house.view()
        approved = await click(house, who="web:mallory")
    assert (outcome.kind, approved.kind) == ("done", "refused")
    assert view.proposal.requested_by == "person:mallory"
    assert view.proposal.edited_by == ("person:mallory",)


@pytest.mark.usefixtures("each_database")
async def test_e09_an_expired_or_read_only_proposal_is_not_edited(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        house.world.clock.advance(1800)
        outcome = await edited(house)
        assert (await house.view()).status == "expired"
    assert (outcome.kind, "has expired" in outcome.text) == ("refused", True)


@pytest.mark.usefixtures("each_database")
async def test_e09_an_undo_that_was_edited_is_still_the_undo(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await house.approve()
        await house.drive(INC)
        done = (await house.view()).proposal.id
        await house.say(f"undo P-{done}")
        await house.drive(INC)
        undo = list((await house.state()).incident.proposals.values())[1]
        await house.replies.reply(edit(undo, {"job": "rollback", "version": "v42b"}))
        await house.drive(INC)
        newest = list((await house.state()).incident.proposals.values())[1]
    assert newest.proposal.revision == 2
    assert newest.asked.undo_of == done
