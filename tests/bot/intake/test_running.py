from pathlib import Path

import pytest

from bot.incident.fact import HOUSE
from bot.incident.facts_house import BotPaused, BotResumed
from bot.incident.facts_run import StepChosen
from bot.incident.house import House as BotState
from bot.incident.house import extend_house
from bot.incident.steps import ProposeAction
from tests.bot.engine.house import INC, House, World, open_house
from tests.bot.engine.making import Scripted, conclude
from tests.bot.incident.making import alert, received

TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3


async def house_state(house: House) -> BotState:
    return extend_house(BotState(), await house.events(HOUSE))


@pytest.mark.parametrize("who", ["web:eve", "web:mallory", "web:nobody"])
@pytest.mark.usefixtures("each_database")
async def test_e35_only_an_admin_pauses_or_resumes_the_whole_bot(tmp_path: Path, who: str) -> None:
    async with open_house(tmp_path, World()) as house:
        for word in ("pause", "resume"):
            outcome = await house.say(word, who)
            assert outcome.kind == "refused"
        assert await house.events(HOUSE) == []


@pytest.mark.usefixtures("each_database")
async def test_e35_an_admin_pauses_and_resumes_the_whole_bot(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        assert (await house.say("pause")).text == "The bot is paused."
        assert (await house_state(house)).paused_by == "dana"
        assert (await house.say("resume")).text == "The bot goes on."
        assert (await house_state(house)).paused_by == ""
        bodies = [event.body for event in await house.events(HOUSE)]
    assert bodies == [BotPaused(by="dana"), BotResumed(by="dana")]


async def test_an_investigation_is_paused_once_and_resumed_once(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        assert "is not paused" in (await house.say(f"resume {INC}")).text
        assert (await house.say(f"pause {INC}", "web:mallory")).kind == "done"
        assert "paused already, by mallory" in (await house.say(f"pause {INC}")).text
        assert (await house.say(f"resume {INC}")).kind == "done"
        assert "There is no INC-7" in (await house.say("pause INC-7")).text


async def test_a_silence_is_a_step_a_human_chose(tmp_path: Path) -> None:
    async with open_house(tmp_path, World(model=Scripted([conclude()]))) as house:
        await house.alarm(pod="a", severity="page")
        house.world.clock.advance(1)
        await house.alarm(pod="b", severity="page")
        outcome = await house.say(f"silence {INC} 2h too loud, token={TOKEN}")
        (chosen,) = await house.bodies(StepChosen)
        await house.drive(INC)
        state = await house.state()
    assert outcome.kind == "done"
    assert isinstance(chosen, StepChosen)
    step = chosen.step
    assert isinstance(step, ProposeAction)
    assert (chosen.by, step.tool) == ("person:dana", "alertmanager_silence")
    assert chosen.effect_id.startswith("ask-")
    assert step.args["duration_s"] == 7200
    assert TOKEN not in str(step.args)
    assert step.args["matchers"] == [
        {"name": name, "value": value, "is_regex": False, "is_equal": True}
        for name, value in (
            ("alertname", "CheckoutErrorRateHigh"),
            ("pod", "b"),
            ("service", "checkout"),
        )
    ]
    assert state.run.rejected[0][1] == "the action alertmanager_silence is not configured here"


async def test_a_silence_covers_only_what_all_firing_alerts_share(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm(pod="a")
        two = [("x", "b"), ("y", "c")]
        await house.record(received(*(alert(fingerprint=f, pod=p) for f, p in two)))
        await house.say(f"silence {INC} 30m loud")
        (chosen,) = await house.bodies(StepChosen)
    assert isinstance(chosen, StepChosen)
    assert isinstance(chosen.step, ProposeAction)
    matchers = chosen.step.args["matchers"]
    assert isinstance(matchers, list)
    names = [matcher["name"] for matcher in matchers if isinstance(matcher, dict)]
    assert names == ["alertname", "service"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("silence INC-1 0m loud", "between 1 minute and 24 hours"),
        ("silence INC-1 25h loud", "between 1 minute and 24 hours"),
        ("silence INC-2 1h loud", "There is no INC-2"),
    ],
)
async def test_a_silence_that_cannot_be_is_said(tmp_path: Path, text: str, why: str) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        outcome = await house.say(text)
        assert await house.bodies(StepChosen) == []
    assert outcome.kind == "unknown"
    assert why in outcome.text


async def test_nothing_is_silenced_for_what_is_over(tmp_path: Path) -> None:
    async with open_house(tmp_path, World(model=Scripted([conclude()]))) as house:
        await house.alarm()
        await house.say(f"close {INC} by hand")
        outcome = await house.say(f"silence {INC} 1h loud")
        assert await house.bodies(StepChosen) == []
    assert "Nobody works on it any more" in outcome.text


async def test_what_was_not_done_cannot_be_undone(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        outcome = await house.say(f"undo P-{view.proposal.id}")
        nowhere = await house.say("undo P-ZZZZ")
    assert "Only an action that succeeded can be undone" in outcome.text
    assert nowhere.kind == "unknown"


async def test_after_closing_nobody_promises_an_undo(tmp_path: Path) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        view = await house.pending()
        await house.approve()
        await house.drive(INC)
        await house.say(f"close {INC} it is fine")
        for seconds in (60, 300, 60):
            world.clock.advance(seconds)
            await house.drive(INC)
        assert (await house.state()).incident.status == "closed"
        outcome = await house.say(f"undo P-{view.proposal.id}")
        before = await house.types()
        await house.drive(INC)
        assert await house.types() == before
    assert outcome.kind == "unknown"
    assert "INC-1 is closed; start an incident" in outcome.text


async def test_only_an_unknown_outcome_can_be_settled(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        view = await house.pending()
        outcome = await house.say(f"reconcile P-{view.proposal.id} worked I saw it there")
        nowhere = await house.say("reconcile P-ZZZZ worked I saw it there")
    assert outcome.kind == "unknown"
    assert "waits for a decision" in outcome.text
    assert nowhere.kind == "unknown"
