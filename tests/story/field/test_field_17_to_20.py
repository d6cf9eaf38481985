"""What is lost between a click and its effect: gates in memory, sweepers, half-used approvals."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import BusyError
from bot.incident.facts_alerts import QuestionAnswered
from bot.incident.reducer import State
from bot.incident.steps import AskHuman
from bot.ports import Draft, Log, Recorded, Refusal
from tests.bot.engine.house import INC, World, Wrapped, open_house
from tests.bot.engine.making import Scripted, conclude, look
from tests.story.field.lives import Lives, card_of, click, sweep, verbs


async def test_field_17_an_approval_survives_the_restart_that_a_gate_in_memory_would_not(
    tmp_path: Path,
) -> None:
    """NeoAgent: the gate was lost at a restart, the run hung for ever, the button answered 404."""
    lives = Lives(tmp_path)
    proposal = await lives.until_pending()
    async with lives.life() as house:
        assert verbs(await card_of(house, proposal)) == ["approve", "deny", "edit", "details"]
        outcome = await house.replies.reply(click(await house.view()))
        assert (outcome.kind, outcome.proposal) == ("done", proposal)
    async with lives.life() as house:  # and it dies once more before it could act
        await sweep(house)
        assert (await house.view()).status == "succeeded"
    assert [version for _, version, _ in lives.world.shop.calls] == ["v41"]


async def test_field_18_an_approval_that_expired_while_nobody_ran_strands_nothing(
    tmp_path: Path,
) -> None:
    """Curie: no sweeper, so the session of an expired approval stayed stranded."""
    lives = Lives(tmp_path)
    proposal = await lives.until_pending()
    lives.world.clock.advance(3 * 3600)
    async with lives.life() as house:
        await sweep(house)
        view = await house.view()
        assert (view.status, view.why) == ("expired", "nobody decided in time")
        assert verbs(await card_of(house, proposal)) == ["renew"]
        assert (await house.state()).run.done
        await house.alarm("resolved", key=f"g-{INC}")
        await sweep(house)
        lives.world.clock.advance(60)
        await sweep(house)
        assert (await house.types())[-1] == "IncidentClosed"
    assert lives.world.shop.calls == []


class Dying(Wrapped):
    """A log that dies with the process when an action's result is to be written."""

    async def record(self, stream: str, build: Callable[[State], Draft | Refusal]) -> Recorded:
        def dies(state: State) -> Draft | Refusal:
            made = build(state)
            if isinstance(made, Draft) and type(made.facts[0]).__name__ == "ActionFinished":
                raise KilledError
            return made

        return await super().record(stream, dies)


class KilledError(Exception):
    """The process ended right here."""


@pytest.mark.parametrize("tells", [True, False])
async def test_field_19_what_ran_before_a_failure_is_told_from_what_did_not_run(
    tmp_path: Path, tells: bool
) -> None:
    """agent-framework: the tool ran, a later step failed, and a retry looked like a first try."""
    world = World()
    world.shop.tells = tells

    def dying(log: Log) -> Log:
        return Dying(log)

    async with open_house(tmp_path, world, log=dying) as house:
        await house.pending()
        await house.replies.reply(click(await house.view()))
        with pytest.raises(KilledError):
            await house.drive(INC)
    async with open_house(tmp_path, world) as house:
        await sweep(house)
        view = await house.view()
        assert view.status == ("succeeded" if tells else "unknown")
        again = await house.replies.reply(click(view))
        assert again.kind == "already"
        world.clock.advance(7200)
        await sweep(house)
        if not tells:
            card = await card_of(house, view.proposal.id)
            assert verbs(card) == ["reconcile", "reconcile"]
            assert (await house.say(f"renew P-{view.proposal.id}")).kind == "unknown"
    assert len(world.shop.calls) == 1


async def test_field_20_an_answer_is_not_used_up_by_a_run_that_never_started(
    tmp_path: Path,
) -> None:
    """Agenta: the answer was consumed though the resumed run never started."""
    question = AskHuman(question="Is the sale on?", answer="yes_no")
    lives = Lives(tmp_path, World(model=Scripted([look(), question])))
    async with lives.life() as house:
        await house.alarm()
        await house.drive(INC)
        assert (await house.say(f"answer {INC} yes")).kind == "done"
    model = Scripted([conclude()])
    lives.world.model = model
    async with lives.life() as house:
        (answered,) = await house.bodies(QuestionAnswered)
        assert isinstance(answered, QuestionAnswered)
        await sweep(house)
        assert "ConclusionReached" in await house.types()
    (context,) = model.asked
    assert [(one.question, one.value) for one in context.answers] == [("Is the sale on?", "yes")]


async def test_field_20_an_approval_is_not_used_up_by_a_run_that_could_not_start(
    tmp_path: Path,
) -> None:
    """The same for a decision: paused, the approval still stands when the bot goes on."""
    lives = Lives(tmp_path)
    async with lives.life() as house:
        await house.pending()
        assert (await house.approve()).kind == "done"
        lives.world.shut = "the bot is paused by dana"
        with pytest.raises(BusyError):
            await house.drive(INC)
        assert (await house.view()).status == "approved"
    lives.world.shut = ""
    async with lives.life() as house:
        await sweep(house)
        assert (await house.view()).status == "succeeded"
    assert len(lives.world.shop.calls) == 1
