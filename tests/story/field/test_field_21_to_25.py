"""What time does to an approval: late clicks, wrong words for a time-out, and being away."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.engine.prepare import Expiry
from bot.errors import ToolError
from bot.incident.facts_action import DecisionMade
from bot.incident.facts_run import ProposalRejected
from bot.settings import Settings
from tests.bot.engine.house import INC, World
from tests.bot.engine.making import EVE, Scripted, conclude, look, want
from tests.story.field.lives import Lives, card_of, click, sweep, verbs, views


async def test_field_21_a_late_click_is_told_the_truth_and_nobody_goes_on_waiting(
    tmp_path: Path,
) -> None:
    """hermes-studio: "Allow" was clicked, the backend said expired, the agent waited 300 s."""
    lives = Lives(tmp_path)
    proposal = await lives.until_pending()
    async with lives.life() as house:
        shown = await house.view()
        lives.world.clock.advance(1801)
        outcome = await house.replies.reply(click(shown))  # before any sweep looked at it
        assert outcome.kind == "refused"
        assert "has expired, so nothing was done" in outcome.text
        assert f"renew P-{proposal}" in outcome.text
        assert await house.bodies(DecisionMade) == []
        await sweep(house)  # the refused click itself rings the alarm
        assert (await house.view()).status == "expired"
        again = await house.replies.reply(click(shown))
        assert "expired: nobody decided in time" in again.text
        assert f"renew P-{proposal}" in again.text
        assert "approve" not in verbs(await card_of(house, proposal))
    assert lives.world.shop.calls == []


async def test_field_22_a_click_reaches_the_call_it_was_made_for_and_no_other(
    tmp_path: Path,
) -> None:
    """comfyui-mcp: an approval reached only the next call, not the one that was shown."""
    lives = Lives(tmp_path, World(model=Scripted([look(), want("v41"), want("v40"), conclude()])))
    lives.world.acting.guarded = False
    async with lives.life() as house:
        await house.alarm()
        await house.drive(INC)
        first, second = await views(house)
        outcome = await house.replies.reply(click(second))
        assert outcome.proposal == second.proposal.id
    async with lives.life() as house:
        await sweep(house)
        first, second = await views(house)
        assert (first.status, second.status) == ("pending", "succeeded")
        other = second.asked.digest[:12]
        wrong = await house.replies.reply(replace(click(first), digest12=other))
        assert (wrong.kind, "out of date" in wrong.text) == ("refused", True)
        await sweep(house)
    assert [version for _, version, _ in lives.world.shop.calls] == ["v40"]


async def test_field_23_a_time_out_is_never_called_a_denial(tmp_path: Path) -> None:
    """KiroCrew: the agent was told "user denied" when nobody had answered."""
    lives = Lives(tmp_path, World(model=Scripted([look(), want(), conclude()])))
    proposal = await lives.until_pending()
    lives.world.clock.advance(1801)
    model = Scripted([conclude()])
    lives.world.model = model
    async with lives.life() as house:
        await sweep(house)
        card = await card_of(house, proposal)
        assert card.state == "expired: nobody decided in time"
        assert "denied" not in str(card).lower()
        assert "denied" not in str([event.body for event in await house.events()]).lower()
        await house.alarm("resolved", key=f"g-{INC}")
        await sweep(house)
        lives.world.clock.advance(30)
        await house.alarm(key=f"g-{INC}")  # a new run asks the model again
        await sweep(house)
    told = [(one.status, one.why) for one in model.asked[-1].proposed]
    assert told == [("expired", "nobody decided in time")]


async def test_field_24_whoever_was_away_has_it_proposed_again_and_everything_is_read_anew(
    tmp_path: Path,
) -> None:
    """hermes-agent: an approval should wait for a human who is away, not be gone for good."""
    lives = Lives(tmp_path)
    proposal = await lives.until_pending()
    lives.world.clock.advance(5 * 3600)
    lives.world.shop.version = "v43"  # somebody deployed meanwhile
    async with lives.life() as house:
        await sweep(house)
        assert verbs(await card_of(house, proposal)) == ["renew"]
        assert (await house.say(f"renew P-{proposal}")).kind == "done"
        twice = await house.say(f"renew P-{proposal}")
        assert "is being proposed again already" in twice.text
    async with lives.life() as house:
        await sweep(house)
        old, new = await views(house)
        assert (old.status, new.status) == ("expired", "pending")
        assert new.asked.action_digest == old.asked.action_digest
        assert (old.asked.preview, new.asked.preview) == ("v42 -> v41", "v43 -> v41")
        assert new.proposal.requested_by == "bot"
        assert new.proposal.expires_at == lives.world.clock.now() + timedelta(minutes=30)
        assert verbs(await card_of(house, proposal)) == []
        third = await house.say(f"renew P-{proposal}")
        assert f"P-{new.proposal.id} proposes the same and is pending" in third.text
        assert (await house.replies.reply(click(new))).kind == "done"
        await sweep(house)
    assert len(lives.world.shop.calls) == 1


async def test_field_24_what_cannot_be_done_any_more_is_not_proposed_again(tmp_path: Path) -> None:
    lives = Lives(tmp_path)
    proposal = await lives.until_pending()
    lives.world.clock.advance(5 * 3600)
    lives.world.acting.plans = [ToolError("the job is gone")]
    async with lives.life() as house:
        await sweep(house)
        assert (await house.say(f"renew P-{proposal}")).kind == "done"
        await sweep(house)
        (rejected,) = await house.bodies(ProposalRejected)
        assert isinstance(rejected, ProposalRejected)
        assert "the job is gone" in rejected.why
        await house.alarm("resolved", key=f"g-{INC}")
        await sweep(house)
        late = await house.say(f"renew P-{proposal}")
    assert "is not needed any more" in late.text


async def test_field_25_a_human_has_time_enough_also_across_a_restart(tmp_path: Path) -> None:
    """kimi-cli: a fixed time-out of 300 s was too short for people."""
    lives = Lives(tmp_path)
    proposal = await lives.until_pending()
    lives.world.clock.advance(29 * 60)
    async with lives.life() as house:
        await sweep(house)
        outcome = await house.replies.reply(click(await house.view(), EVE.identities[0]))
        assert (outcome.kind, outcome.proposal) == ("done", proposal)
        await sweep(house)
    assert len(lives.world.shop.calls) == 1


def test_field_25_how_long_people_have_is_set_by_the_team_and_never_below_a_minute() -> None:
    """And each risk has a time of its own (E-13)."""
    given = Settings.model_fields
    for risk in ("low", "medium", "high"):
        default = given[f"proposal_ttl_{risk}_s"].default
        assert default == Expiry().of(risk).total_seconds()
        assert default >= 900
