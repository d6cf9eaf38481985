"""What an attacker tries with approvals (issue 4): nothing runs, and the log says who and why.

Each attack is tried on a proposal that really waits, over the real inbox, loop and store.
"""

from collections.abc import Awaitable, Callable, Generator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import UnreadableError
from bot.incident.facts_action import DecisionMade, DecisionRefused, ProposalSuperseded
from bot.incident.facts_run import StepChosen
from bot.incident.state import ASKED, RENEWAL
from bot.incident.views import ProposalView
from bot.knowledge.people import People
from bot.ports import Outcome
from tests import fakes
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import Team, policy, want
from tests.bot.intake.clicking import button
from tests.story.trust.scene import RULES, TEAM, Target

Attack = Callable[[House, ProposalView], Awaitable[Outcome]]
DANA, EVE = "slack:T1/U1", "slack:T1/U2"


@pytest.fixture(name="folder")
def folder_fixture(database_url: str, tmp_path: Path) -> Generator[Path]:
    """A folder whose database is of each kind."""
    fakes.DATABASES[tmp_path] = database_url
    yield tmp_path
    del fakes.DATABASES[tmp_path]


@pytest.fixture(name="world")
def world_fixture() -> World:
    team = Team(people=People(tuple(TEAM.values())), policy=policy(*RULES))
    world = World(team=team)
    vars(world)["chat_only_high"] = True  # where a step-up is asked for, chat is accepted
    world.acting = Target(world.shop)
    return world


async def asked_for(house: House, job: str, by: str = RENEWAL) -> ProposalView:
    """Have somebody, or the bot, want an action, and let the loop propose it."""
    await house.pending()
    step = StepChosen(effect_id=f"{ASKED}{job}", step=want("v40", job), by=by)
    await house.record(step)
    await house.drive(INC)
    return list((await house.state()).incident.proposals.values())[-1]


async def refusals(house: House) -> list[DecisionRefused]:
    return [
        fact for fact in await house.bodies(DecisionRefused) if isinstance(fact, DecisionRefused)
    ]


async def approvers(house: House) -> list[str]:
    made = await house.bodies(DecisionMade)
    return [fact.person for fact in made if isinstance(fact, DecisionMade)]


async def settled(house: House) -> None:
    """Let the loop run as far as it goes."""
    await house.drive(INC)


def remove(house: House, name: str) -> None:
    house.world.team.people = People(
        tuple(person for person in TEAM.values() if person.name != name)
    )


async def forged_approver(house: House, view: ProposalView) -> Outcome:
    """Somebody whose account is only named like an approver."""
    return await house.replies.reply(button(view, who="slack:dana"))


async def other_tenant(house: House, view: ProposalView) -> Outcome:
    """The same user id, in another workspace."""
    return await house.replies.reply(button(view, who="slack:T2/U1"))


async def copied_link(house: House, view: ProposalView) -> Outcome:
    """Who opens an approver's link is who they signed in as, whatever the link was made for."""
    copied = button(view, who="web:session")
    return await house.replies.reply(replace(copied, person="mallory"))


async def removed_a_minute_ago(house: House, view: ProposalView) -> Outcome:
    """The card still stands on the screen of somebody who left."""
    remove(house, "dana")
    house.world.clock.advance(60)
    return await house.replies.reply(button(view, who=DANA))


async def out_of_the_group(house: House, view: ProposalView) -> Outcome:
    """Still in people.yaml, in no group any more."""
    others = [person for person in TEAM.values() if person.name != "dana"]
    moved = TEAM["dana"].model_copy(update={"groups": ()})
    house.world.team.people = People((moved, *others))
    return await house.replies.reply(button(view, who=DANA))


async def removed_session(house: House, view: ProposalView) -> Outcome:
    """A page session outlives its person in people.yaml."""
    remove(house, "eve")
    return await house.replies.reply(replace(button(view, who="web:session"), person="eve"))


async def replayed_card(house: House, view: ProposalView) -> Outcome:
    """A click on an older card: another digest under the same id."""
    return await house.replies.reply(replace(button(view, who=DANA), digest12="0123456789ab"))


async def replayed_revision(house: House, view: ProposalView) -> Outcome:
    """A click on a revision that does not stand."""
    return await house.replies.reply(replace(button(view, who=DANA), revision=7))


async def replayed_late(house: House, view: ProposalView) -> Outcome:
    """A click that was kept until it ran out."""
    click = button(view, who=DANA)
    house.world.clock.advance(1801)
    await house.drive(INC)
    return await house.replies.reply(click)


async def skewed_clock(house: House, view: ProposalView) -> Outcome:
    """The server's clock is put back, so that what ran out seems to be in time again."""
    house.world.clock.advance(1801)
    await house.say("note INC-1 the clock is odd", "web:eve")
    house.world.clock.advance(-3600)
    return await house.replies.reply(button(view, who=DANA))


async def own_request(house: House, _view: ProposalView) -> Outcome:
    """Who asked for a medium-risk action approves it through another account of theirs."""
    mine = await asked_for_more(house, "double", by="person:dana")
    return await house.replies.reply(button(mine, who=DANA))


async def asked_for_more(house: House, job: str, by: str) -> ProposalView:
    await house.record(StepChosen(effect_id=f"{ASKED}{job}", step=want("v40", job), by=by))
    await house.drive(INC)
    return list((await house.state()).incident.proposals.values())[-1]


@pytest.mark.parametrize(
    ("attack", "why"),
    [
        pytest.param(forged_approver, "do not know who you are", id="forged approver"),
        pytest.param(other_tenant, "do not know who you are", id="other tenant"),
        pytest.param(copied_link, "only group:sre may decide", id="copied link"),
        pytest.param(removed_a_minute_ago, "do not know who you are", id="removed a minute ago"),
        pytest.param(out_of_the_group, "only group:sre may decide", id="out of the group"),
        pytest.param(removed_session, "do not know who you are", id="removed, signed in"),
        pytest.param(replayed_card, "out of date", id="replayed card"),
        pytest.param(replayed_revision, "out of date", id="replayed revision"),
        pytest.param(replayed_late, "expired", id="replayed late"),
        pytest.param(skewed_clock, "expired", id="clock skew"),
        pytest.param(own_request, "somebody else decides", id="own request"),
    ],
)
async def test_show4_an_attack_is_refused_with_its_reason_in_the_log(
    folder: Path, world: World, attack: Attack, why: str
) -> None:
    async with open_house(folder, world) as house:
        view = await house.pending()
        outcome = await attack(house, view)
        await settled(house)
        (refused,) = await refusals(house)
        decided = await approvers(house)
        events = await house.events()
    assert outcome.kind in {"refused", "already"}
    assert why in outcome.text
    assert why in refused.why
    assert refused.payload_digest == "f" * 64
    assert next(e.actor for e in events if e.type == "DecisionRefused") == refused.actor
    assert decided == []
    assert world.shop.calls == []


async def test_show4_a_replayed_click_decides_once_and_runs_once(
    folder: Path, world: World
) -> None:
    async with open_house(folder, world) as house:
        click = button(await house.pending(), who=DANA)
        assert (await house.replies.reply(click)).kind == "done"
        await settled(house)
        assert len(world.shop.calls) == 1
        before = len(await house.events())
        for _ in range(3):
            again = await house.replies.reply(click)
            await settled(house)
            assert again.kind == "already"
        assert len(await house.events()) == before
        other = await house.replies.reply(replace(click, actor=EVE))
        (refused,) = await refusals(house)
    assert other.kind == "already"
    assert refused.why.startswith("Too late")
    assert refused.actor == EVE
    assert len(world.shop.calls) == 1


async def test_show4_two_accounts_of_one_person_are_one_person(folder: Path, world: World) -> None:
    async with open_house(folder, world) as house:
        view = await asked_for(house, "double")
        for who in (DANA, "web:dana", DANA):
            outcome = await house.replies.reply(button(view, who=who))
            await settled(house)
        assert outcome.kind == "already"
        assert await approvers(house) == ["dana"]
        assert world.shop.calls == []
        assert (await house.replies.reply(button(view, who="web:eve"))).kind == "done"
        await settled(house)
    assert len(world.shop.calls) == 1


async def test_show4_who_was_removed_after_they_approved_does_not_count_at_the_run(
    folder: Path, world: World
) -> None:
    async with open_house(folder, world) as house:
        view = await house.pending()
        world.paused = True
        assert (await house.replies.reply(button(view, who=DANA))).kind == "done"
        await settled(house)
        remove(house, "dana")
        world.clock.advance(60)
        world.paused = False
        await settled(house)
        (superseded,) = await house.bodies(ProposalSuperseded)
    assert isinstance(superseded, ProposalSuperseded)
    assert "dana approved it and is no longer in people.yaml" in superseded.why
    assert world.shop.calls == []


async def test_show4_while_the_groups_cannot_be_looked_up_nobody_decides(
    folder: Path, world: World
) -> None:
    async with open_house(folder, world) as house:
        view = await house.pending()
        world.team.unreadable = "people.yaml: bad indentation"
        outcome = await house.replies.reply(button(view, who=DANA))
        (refused,) = await refusals(house)
        assert await approvers(house) == []
        world.team.unreadable = ""
        assert (await house.replies.reply(button(view, who=DANA))).kind == "done"
    assert outcome.kind in {"refused", "busy"}
    assert "people.yaml: bad indentation" in refused.why
    assert refused.actor == DANA


async def test_show4_while_the_groups_cannot_be_looked_up_nothing_that_was_approved_runs(
    folder: Path, world: World
) -> None:
    async with open_house(folder, world) as house:
        view = await house.pending()
        assert (await house.replies.reply(button(view, who=DANA))).kind == "done"
        world.team.unreadable = "people.yaml: bad indentation"
        with pytest.raises(UnreadableError):
            await settled(house)
        assert world.shop.calls == []
        world.team.unreadable = ""
        await settled(house)
    assert len(world.shop.calls) == 1


async def test_show4_who_edited_it_does_not_approve_it(folder: Path, world: World) -> None:
    async with open_house(folder, world) as house:
        view = await house.pending()
        args = {**view.proposal.args, "version": "v40"}
        edit = replace(button(view, who=DANA), intent="edit", verdict="", args=args)
        assert (await house.replies.reply(edit)).kind == "done"
        await settled(house)
        edited = await house.view()
        assert (edited.proposal.revision, edited.proposal.args["version"]) == (2, "v40")
        old = await house.replies.reply(button(view, who=EVE))
        own = await house.replies.reply(button(edited, who="web:dana"))
        await settled(house)
        first, second = await refusals(house)
        assert await approvers(house) == []
        assert world.shop.calls == []
        assert (await house.replies.reply(button(edited, who=EVE))).kind == "done"
        await settled(house)
    assert (old.kind, own.kind) == ("refused", "refused")
    assert "out of date" in first.why
    assert "somebody else decides" in second.why
    assert [version for _, version, _ in world.shop.calls] == ["v40"]
