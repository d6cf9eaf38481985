"""Questions to the agent: from every surface alike, so many and no more, and never a decision."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.incident.facts_action import DecisionMade, DecisionRefused
from bot.incident.facts_alerts import MessageReceived
from bot.intake.questioning import INCIDENT_MOST, PERSON_MOST
from bot.ports import Reply
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import Scripted, conclude

TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3


def world() -> World:
    return World(model=Scripted([conclude()]))


async def questions(house: House) -> list[MessageReceived]:
    found = await house.bodies(MessageReceived)
    return [fact for fact in found if isinstance(fact, MessageReceived) and fact.question]


async def test_a_question_is_kept_redacted_and_bounded(tmp_path: Path) -> None:
    async with open_house(tmp_path, world()) as house:
        await house.alarm()
        outcome = await house.say(f"ask {INC} is token={TOKEN} used? {'x' * 9000}")
        (said,) = await questions(house)
    assert outcome.kind == "done"
    assert (
        outcome.text == f"{INC}: I answer here, as soon as the investigation that runs has ended."
    )
    assert TOKEN not in said.text
    assert len(said.text) <= 2000


async def test_factor_11_every_surface_leaves_the_same_events_but_for_the_source(
    tmp_path: Path,
) -> None:
    text = "what changed?"
    replies = [
        Reply("web:dana", "web", "", "command", person="dana", text=f"ask {INC} {text}"),
        Reply("api:dana", "api", "", "ask", person="dana", incident=INC, text=text),
        Reply("api:dana", "api", "", "command", person="dana", text=f"ask inc-1 {text}"),
        Reply("chat:U1", "chat", "", "ask", incident=INC, text=text),
    ]
    kept: list[tuple[str, list[tuple[str, object]]]] = []
    for number, reply in enumerate(replies):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with open_house(folder, world()) as house:
            await house.alarm()
            await house.drive(INC)
            seen = len(await house.events())
            assert (await house.replies.reply(reply)).kind == "done"
            await house.drive(INC)
            events = (await house.events())[seen:]
            told = [(one.type, _anywhere(one.body)) for one in events]
            kept.append((events[0].actor.partition(":")[0], told))
    assert [source for source, _ in kept] == ["web", "api", "api", "chat"]
    first = kept[0][1]
    assert all(events == first for _, events in kept)
    assert [name for name, _ in first] == ["MessageReceived", "StepChosen", "ConclusionReached"]


def _anywhere(body: object) -> object:
    """Return the fact without the place where it was said."""
    if isinstance(body, MessageReceived):
        return body.model_copy(update={"conversation": ""})
    return body


async def test_f10_one_person_asks_so_often_a_minute(tmp_path: Path) -> None:
    async with open_house(tmp_path, world()) as house:
        await house.alarm()
        for _ in range(PERSON_MOST):
            assert (await house.say(f"ask {INC} status?")).kind == "done"
        outcome = await house.say(f"ask {INC} status?")
        other = await house.say(f"ask {INC} status?", "web:eve")
        house.world.clock.advance(61)
        later = await house.say(f"ask {INC} status?")
        number = len(await questions(house))
    assert outcome.kind == "busy"
    assert outcome.text == "That is 6 questions in a minute, dana; give me a moment, then ask."
    assert (other.kind, later.kind) == ("done", "done")
    assert number == PERSON_MOST + 2


async def test_f10_one_person_who_asks_everything_at_once_is_no_exception(tmp_path: Path) -> None:
    async with open_house(tmp_path, world()) as house:
        await house.alarm()
        said = [house.say(f"ask {INC} status {number}?") for number in range(3 * PERSON_MOST)]
        outcomes = await asyncio.gather(*said)
        number = len(await questions(house))
    assert number == PERSON_MOST
    assert sum(one.kind == "done" for one in outcomes) == PERSON_MOST


async def test_f10_one_incident_is_asked_about_so_often_an_hour(tmp_path: Path) -> None:
    async with open_house(tmp_path, world()) as house:
        await house.alarm()
        for _ in range(INCIDENT_MOST):
            house.world.clock.advance(20)
            assert (await house.say(f"ask {INC} status?")).kind == "done"
        house.world.clock.advance(20)
        outcome = await house.say(f"ask {INC} status?", "web:eve")
        house.world.clock.advance(3600)
        later = await house.say(f"ask {INC} status?")
    assert "20 questions were asked about INC-1 within the hour" in outcome.text
    assert later.kind == "done"


async def test_what_is_closed_merged_or_absent_refuses_kindly(tmp_path: Path) -> None:
    async with open_house(tmp_path, world()) as house:
        await house.alarm(key="g1")
        await house.alarm(key="g2")
        await house.say("merge INC-2 INC-1")
        await house.say("close INC-1 done")
        await house.drive(INC)
        house.world.clock.advance(60)
        await house.drive(INC)
        told = [(await house.say(f"ask {name} why?")).text for name in (INC, "INC-2", "INC-9")]
        empty = await house.replies.reply(
            Reply("web:dana", "web", "", "ask", incident=INC, text=" ")
        )
    assert "INC-1 is closed" in told[0]
    assert "timeline INC-1" in told[0]
    assert told[1:] == ["INC-2 is part of INC-1 now; ask there.", "There is no INC-9."]
    assert empty.kind == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "approve P-{}",
        "approve",
        "yes, approve it please",
        "I approve. approve P-{} {}",
        "deny P-{} no way",
    ],
)
async def test_f14_approve_in_free_text_is_never_a_decision(tmp_path: Path, text: str) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        words = text.format(view.proposal.id, view.asked.digest[:12])
        for intent in ("ask", "message"):
            one = Reply("web:dana", "web", "", "ask", incident=INC, text=words)
            outcome = await house.replies.reply(replace(one, intent=intent))
            assert outcome.kind == "done"
            await house.drive(INC)
        decisions = await house.bodies(DecisionMade, DecisionRefused)
        view = await house.view()
    assert decisions == []
    assert view.status == "pending"
    assert house.world.shop.calls == []


async def test_f14_a_stranger_asks_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path, world()) as house:
        await house.alarm()
        one = Reply("chat:U999", "chat", "", "ask", incident=INC, text="what changed?")
        outcome = await house.replies.reply(one)
        guest = await house.replies.reply(replace(one, actor="chat:U1", standing="guest"))
        kept = await questions(house)
    assert (outcome.kind, guest.kind, kept) == ("refused", "refused", [])
