"""The life of a proposal over restarts, on each database: it expires, is renewed, edited, lost."""

import asyncio
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.incident.facts_action import DecisionMade
from bot.incident.facts_run import ProposalRejected
from bot.incident.model import Predicate, Probe
from bot.ports import Reply
from tests import fakes
from tests.bot.engine.house import INC, World
from tests.bot.engine.making import (
    BAD,
    GOOD,
    RULE,
    RUNBOOK,
    Scripted,
    Team,
    conclude,
    look,
    policy,
    want,
)
from tests.channels.fake_channel import FakeChannel
from tests.story.field.lives import Lives, click, sweep, verbs, views
from tests.story.living import Moving, alive, cards, has, shown
from tests.waiting import until

VANISH_S = 30
SPARE_S = 60
"""Before it expires; a loaded machine may take a while to look."""
KEY = f"g-{INC}"


@pytest.fixture(autouse=True)
def each_database(database_url: str, tmp_path: Path) -> Generator[None]:
    fakes.DATABASES[tmp_path] = database_url
    yield
    del fakes.DATABASES[tmp_path]


async def test_e13_the_buttons_are_gone_within_30_s_of_expiry_and_one_renews(
    tmp_path: Path,
) -> None:
    channel = FakeChannel()
    lives = Lives(tmp_path, World(clock=Moving()))
    async with lives.life() as house, alive(house, channel):
        clock = house.world.clock
        await house.alarm(key=KEY)
        await until(lambda: has(channel, "approve"))
        old = await house.view()
        left = (old.proposal.expires_at - clock.now()).total_seconds()
        clock.advance(left - SPARE_S)
        assert (await house.view()).status == "pending"
        assert has(channel, "approve")
        clock.advance(SPARE_S)
        began = asyncio.get_running_loop().time()
        await until(lambda: has(channel, "renew"))
        assert asyncio.get_running_loop().time() - began < VANISH_S
        card = shown(channel)
        assert card is not None
        assert verbs(card) == ["renew"]
        assert card.state == "expired: nobody decided in time"
        late = await house.replies.reply(click(old))
        assert "is expired: nobody decided in time. To have it proposed again" in late.text
        looks = house.world.shop.looks
        assert (await house.say(f"renew P-{old.proposal.id}")).kind == "done"
        await until(lambda: len(cards(channel)) == 2)
        assert house.world.shop.looks > looks
    assert lives.world.shop.calls == []


async def test_e13_what_no_longer_holds_is_not_proposed_again(tmp_path: Path) -> None:
    live = Probe(
        title=f"{BAD} is live",
        tool="http_probe",
        args={},
        expect=Predicate(fact="version", value=BAD),
    )
    action = RUNBOOK.actions[0].model_copy(update={"preconditions": (live,)})
    team = Team(runbooks=(RUNBOOK.model_copy(update={"actions": (action,)}),))
    lives = Lives(tmp_path, World(team=team))
    name = await lives.until_pending()
    lives.world.clock.advance(1800)
    async with lives.life() as house:
        await sweep(house)
        house.world.shop.version = GOOD
        await house.say(f"renew P-{name}")
        await sweep(house)
        (rejected,) = await house.bodies(ProposalRejected)
        assert [view.status for view in await views(house)] == ["expired"]
    assert isinstance(rejected, ProposalRejected)
    assert "a precondition does not hold: v42 is live" in rejected.why


async def test_e09_an_edit_outlives_a_kill_and_its_cards_tell_which_one_stands(
    tmp_path: Path,
) -> None:
    channel = FakeChannel()
    lives = Lives(tmp_path, World(clock=Moving()))
    await lives.until_pending()
    async with lives.life() as house:
        view = await house.view()
        args = {"job": "rollback", "version": "v40"}
        edit = Reply("web:dana", "web", "", "edit", proposal=view.proposal.id, args=args)
        assert (await house.replies.reply(replace(edit, revision=1))).kind == "done"
        # killed here: the wish is in the log, the revision is not
    async with lives.life() as house, alive(house, channel):
        await until(lambda: has(channel, "approve", 2))
        old = shown(channel, 1)
        assert old is None or verbs(old) == []
        await house.replies.reply(click(view, who="web:eve"))
        assert (await house.view()).decisions == []
        assert (await house.replies.reply(click(await house.view(), who="web:eve"))).kind == "done"
        await until(lambda: house.world.shop.calls)
        await until(lambda: not has(channel, "approve", 2))
    assert [call[1] for call in lives.world.shop.calls] == ["v40"]
    async with lives.life() as house:
        made = [fact for fact in await house.bodies(DecisionMade) if isinstance(fact, DecisionMade)]
        assert [(one.person, one.revision, one.groups) for one in made] == [("eve", 2, ("sre",))]


async def test_e09_the_old_card_is_closed_in_the_channel_that_shows_it(tmp_path: Path) -> None:
    channel = FakeChannel()
    async with Lives(tmp_path, World(clock=Moving())).life() as house, alive(house, channel):
        await house.alarm(key=KEY)
        await until(lambda: has(channel, "approve"))
        await house.say(f"edit P-{(await house.view()).proposal.id} version=v40")
        await until(lambda: has(channel, "approve", 2) and not has(channel, "approve", 1))
        old = shown(channel, 1)
        assert old is not None
        assert old.state == "replaced by revision 2: edited by dana"
        assert verbs(old) == []


async def test_e31_what_its_rule_keeps_is_approved_after_the_alert_resolved(
    tmp_path: Path,
) -> None:
    rule = RULE.model_copy(update={"run_if_resolved": True})
    lives = Lives(tmp_path, World(team=Team(policy=policy(rule))))
    await lives.until_pending()
    async with lives.life() as house:
        lives.world.clock.advance(5)
        await house.alarm("resolved", key=KEY)
        await sweep(house)
        state = await house.state()
        view = await house.view()
        assert (state.incident.status, view.status) == ("resolved", "pending")
        assert view.proposal.run_if_resolved
        await house.replies.reply(click(view))
        await sweep(house)
        assert (await house.view()).status == "succeeded"


async def test_e44_the_agent_waits_two_minutes_between_two_proposals_over_a_restart(
    tmp_path: Path,
) -> None:
    model = Scripted([look(), want("v40"), want("v39"), conclude()])
    lives = Lives(tmp_path, World(model=model, propose_every_s=120))
    async with lives.life() as house:
        await house.alarm(key=KEY)
        await sweep(house)
        assert len(await views(house)) == 1
        lives.world.clock.advance(119)
        await sweep(house)
    async with lives.life() as house:
        assert len(await views(house)) == 1
        assert await house.bodies(ProposalRejected) == []
        lives.world.clock.advance(1)
        await sweep(house)
        assert [view.proposal.args["version"] for view in await views(house)] == ["v40", "v39"]
        assert (await house.state()).run.done
