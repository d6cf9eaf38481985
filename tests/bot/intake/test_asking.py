from pathlib import Path

import pytest

from bot.incident.facts_alerts import (
    ConclusionJudged,
    IncidentMerged,
    IncidentOpened,
    MessageReceived,
    NoteAdded,
    QuestionAnswered,
)
from bot.incident.steps import AskHuman
from bot.ports import Reply
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import Scripted, conclude

TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3


def asking_world(step: AskHuman) -> World:
    return World(model=Scripted([step, conclude()]))


async def question(house: House) -> None:
    await house.alarm()
    await house.drive(INC)


async def test_start_opens_an_incident_that_is_investigated(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        outcome = await house.say(f'start Checkout "slow since noon, token={TOKEN}"')
        await house.drive(INC)
        opened, said = (await house.bodies(IncidentOpened, MessageReceived))[:2]
        types = await house.types()
    assert (outcome.kind, outcome.incident, outcome.text) == ("done", INC, "INC-1 is open.")
    assert isinstance(opened, IncidentOpened)
    assert isinstance(said, MessageReceived)
    assert (opened.service, opened.by) == ("checkout", "web:dana")
    assert opened.group_key == "by-hand:INC-1"
    assert TOKEN not in opened.title + said.text
    assert "ContextLoaded" in types


async def test_start_for_an_unknown_service_says_so(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        outcome = await house.say("start billing it is down")
    assert outcome.kind == "done"
    assert "No service 'billing' is in services.yaml" in outcome.text


async def test_every_start_opens_its_own_incident(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        names = [(await house.say("start checkout slow")).incident for _ in range(3)]
    assert names == ["INC-1", "INC-2", "INC-3"]


async def test_a_note_is_kept_redacted_and_bounded(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        await house.say(f"note {INC} token={TOKEN} {'x' * 9000}")
        (note,) = await house.bodies(NoteAdded)
    assert isinstance(note, NoteAdded)
    assert note.person == "dana"
    assert TOKEN not in note.text
    assert len(note.text) <= 4000


@pytest.mark.parametrize(
    ("step", "said", "kept"),
    [
        (AskHuman(question="Planned?", answer="yes_no"), "Y", "yes"),
        (AskHuman(question="Planned?", answer="yes_no"), "no", "no"),
        (AskHuman(question="Planned?", answer="yes_no"), "maybe", ""),
        (AskHuman(question="Who?", answer="choice", options=("Team A", "B")), "team a", "Team A"),
        (AskHuman(question="Who?", answer="choice", options=("Team A", "B")), "C", ""),
        (AskHuman(question="Why?"), f"see token={TOKEN}", "see token="),
    ],
)
async def test_an_answer_is_in_the_questions_own_terms(
    tmp_path: Path, step: AskHuman, said: str, kept: str
) -> None:
    async with open_house(tmp_path, asking_world(step)) as house:
        await question(house)
        outcome = await house.say(f"answer {INC} {said}")
        facts = await house.bodies(QuestionAnswered)
    values = [fact.value for fact in facts if isinstance(fact, QuestionAnswered)]
    if kept:
        assert outcome.kind == "done"
        assert values[0].startswith(kept)
        assert TOKEN not in values[0]
    else:
        assert outcome.kind == "unknown"
        assert outcome.text.startswith("answer ")
        assert values == []


async def test_an_answer_may_name_its_question(tmp_path: Path) -> None:
    world = asking_world(AskHuman(question="Why?"))
    async with open_house(tmp_path, world) as house:
        await question(house)
        for name, kind in (("other", "unknown"), ("r1s1", "done"), ("r1s1", "unknown")):
            outcome = await house.replies.reply(
                Reply("web:dana", "web", "", "answer", incident=INC, question=name, text="a flag")
            )
            assert outcome.kind == kind


async def test_the_severity_is_a_humans_word(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        assert "Severity is high" in (await house.say(f"severity {INC} sev2")).text
        assert (await house.state()).incident.severity == "high"


async def test_only_a_conclusion_can_be_judged(tmp_path: Path) -> None:
    async with open_house(tmp_path, World(model=Scripted([conclude()]))) as house:
        await house.alarm()
        early = await house.say(f"judge {INC} right")
        await house.drive(INC)
        outcome = await house.say(f"judge {INC} partly it was DNS, token={TOKEN}")
        (judged,) = await house.bodies(ConclusionJudged)
    assert (early.kind, outcome.kind) == ("unknown", "done")
    assert isinstance(judged, ConclusionJudged)
    assert (judged.person, judged.verdict) == ("dana", "partly")
    assert TOKEN not in judged.note


async def test_close_resolves_and_the_loop_closes(tmp_path: Path) -> None:
    async with open_house(tmp_path, World(model=Scripted([conclude()]))) as house:
        await house.alarm()
        await house.drive(INC)
        assert (await house.say(f"close {INC} false alarm")).kind == "done"
        assert "resolved already" in (await house.say(f"close {INC}")).text
        await house.drive(INC)
        house.world.clock.advance(60)
        await house.drive(INC)
        view = (await house.state()).incident
    assert view.status == "closed"
    assert "closed by dana: false alarm" in view.summary


async def test_merge_ends_one_thread_and_tells_the_other(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending("INC-1")
        await house.pending("INC-2")
        assert (await house.say("merge INC-2 INC-1")).kind == "done"
        await house.drive("INC-2")
        (merged,) = await house.bodies(IncidentMerged, incident="INC-2")
        (note,) = await house.bodies(NoteAdded, incident="INC-1")
        view = await house.view("INC-2")
    assert isinstance(merged, IncidentMerged)
    assert isinstance(note, NoteAdded)
    assert "INC-2 was merged into this incident" in note.text
    assert (view.status, view.why) == ("withdrawn", "the incident was merged into INC-1")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("merge INC-1 INC-1", "into itself"),
        ("merge INC-1 INC-9", "there is no INC-9"),
        ("merge INC-9 INC-1", "There is no INC-9"),
        ("merge INC-3 INC-1", "merged into INC-2 already"),
        ("merge INC-2 INC-3", "INC-3 is part of INC-2 already"),
        ("merge INC-1 INC-4", "INC-4 is closed already"),
        ("merge INC-4 INC-1", "It is closed already"),
    ],
)
async def test_what_cannot_be_merged_is_said(tmp_path: Path, text: str, why: str) -> None:
    async with open_house(tmp_path, World(model=Scripted([conclude()]))) as house:
        for number in range(1, 5):
            await house.alarm(key=f"g{number}")
        assert (await house.say("merge INC-3 INC-2")).kind == "done"
        await house.say("close INC-4 done")
        await house.drive("INC-4")
        house.world.clock.advance(60)
        await house.drive("INC-4")
        outcome = await house.say(text)
    assert outcome.kind == "unknown"
    assert why in outcome.text
