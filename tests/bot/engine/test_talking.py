"""Talking with the agent: a question is a run of its own, and is answered in every situation."""

from pathlib import Path

import pytest

from bot.conversation.cards import draw
from bot.conversation.look import Look
from bot.incident.facts_action import ActionProposed, DecisionMade
from bot.incident.facts_alerts import MessageReceived, QuestionAsked
from bot.incident.facts_run import BudgetSpent, ConclusionReached, EscalationRaised
from bot.incident.steps import AskHuman, Conclude
from bot.ports import Reply
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import Scripted, conclude, look, want

ANSWER = Conclude(summary="v42 went out at 02:58.", outcome="answered")


async def answers(house: House, incident: str = INC) -> list[str]:
    """Return what was answered, oldest first."""
    return [one.summary for one in (await house.state(incident)).incident.answers_given]


async def ask(house: House, text: str = "what changed?", who: str = "web:dana") -> None:
    outcome = await house.say(f"ask {INC} {text}", who)
    assert outcome.kind == "done", outcome.text


async def test_f14_a_question_after_the_run_is_answered_and_the_conclusion_stays(
    tmp_path: Path,
) -> None:
    world = World(model=Scripted([conclude(), look(), ANSWER], name="test:model"))
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        await house.drive(INC)
        before = (await house.state()).incident
        await ask(house)
        await house.drive(INC)
        state = await house.state()
    view, (given,) = state.incident, state.incident.answers_given
    assert (view.conclusion, view.findings, view.ended) == ("That is all.", (), before.ended)
    assert given.summary == "v42 went out at 02:58."
    assert given.asked is not None
    assert (given.asked.person, given.asked.text, given.asked.channel) == (
        "dana", "what changed?", "web",
    )  # fmt: skip
    assert (given.by, given.run, given.steps) == ("test:model", 2, 2)
