"""A scribe's words before an incident is closed: kept when they come, never waited for long."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.engine.scribing import AT_ONCE, Scribing
from bot.errors import ToolError
from bot.incident.facts_alerts import IncidentClosed, NoteAdded
from bot.incident.facts_run import DraftWritten
from bot.incident.state import State
from tests.bot.engine.house import INC, House, World, open_house

WORDS = DraftWritten(summary="It broke, and was mended.", by="test:model")


class Scripted:
    """A scribe that does what a test says, and counts how often it was asked."""

    def __init__(self, *answers: DraftWritten | Exception | None) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.meanwhile: Callable[[], object] | None = None
        self.gate: asyncio.Event | None = None

    async def write(self, state: State) -> DraftWritten | None:
        self.asked += 1
        assert state.incident.status == "resolved"
        if self.gate is not None:
            await self.gate.wait()
        if self.meanwhile is not None:
            made = self.meanwhile()
            assert asyncio.iscoroutine(made)
            await made
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


async def over(house: House) -> None:
    """Let an incident come, end, and stay quiet until it may be closed."""
    await house.alarm()
    await house.drive(INC)
    await house.alarm("resolved")
    await house.drive(INC)
    view = await house.view()
    assert view.status == "withdrawn"
    house.world.clock.advance(61)
    await house.drive(INC)


async def closed_with(tmp_path: Path, scribe: Scripted | None) -> list[str]:
    async with open_house(tmp_path, World(scribe=scribe)) as house:
        await over(house)
        return await house.types()


async def test_g52_a_models_words_are_kept_right_before_the_incident_is_closed(
    tmp_path: Path,
) -> None:
    scribe = Scripted(WORDS)
    async with open_house(tmp_path, World(scribe=scribe)) as house:
        await over(house)
        types = await house.types()
        state = await house.state()
        actor = (await house.events())[-2].actor
    assert types[-2:] == ["DraftWritten", "IncidentClosed"]
    assert (state.incident.draft, state.incident.status, actor) == (WORDS, "closed", "bot:scribe")
    assert scribe.asked == 1


async def test_g52_without_a_scribe_the_log_is_as_it_always_was(tmp_path: Path) -> None:
    folders = [tmp_path / "without", tmp_path / "silent"]
    for folder in folders:
        folder.mkdir()
    without = await closed_with(folders[0], None)
    silent = await closed_with(folders[1], Scripted(None))
    assert without == silent
    assert without[-1] == "IncidentClosed"
    assert "DraftWritten" not in without


@pytest.mark.parametrize("error", [ToolError("overloaded"), RuntimeError(""), ValueError("bug")])
async def test_g52_closing_never_fails_for_a_scribe(
    tmp_path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    scribe = Scripted(error)
    types = await closed_with(tmp_path, scribe)
    assert types[-1] == "IncidentClosed"
    assert "DraftWritten" not in types
    assert "closed without a model's words" in caplog.text
    assert scribe.asked == 1


async def test_g52_closing_waits_no_longer_than_its_limit(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        await house.alarm("resolved")
        await house.drive(INC)
        scribe = Scripted(WORDS)
        scribe.gate = asyncio.Event()
        scribing = Scribing(house.log, scribe, limit_s=0.01)
        state = await house.state()
        assert not await scribing.adds_to(state, paused=False)
        scribe.gate.set()
        assert not await scribing.adds_to(state, paused=False)
    assert scribe.asked == 1


async def test_g52_a_note_that_comes_meanwhile_is_no_reason_to_ask_or_pay_again(
    tmp_path: Path,
) -> None:
    scribe = Scripted(WORDS)
    async with open_house(tmp_path, World(scribe=scribe)) as house:
        scribe.meanwhile = lambda: house.record(NoteAdded(person="dana", text="late"))
        await over(house)
        types = await house.types()
    assert types[-3:] == ["NoteAdded", "DraftWritten", "IncidentClosed"]
    assert scribe.asked == 1


async def test_g52_what_fires_again_meanwhile_stays_open_and_has_no_draft(tmp_path: Path) -> None:
    scribe = Scripted(WORDS, WORDS)
    async with open_house(tmp_path, World(scribe=scribe)) as house:

        async def again() -> None:
            house.world.clock.advance(1)
            await house.alarm()

        scribe.meanwhile = again
        await over(house)
        state = await house.state()
        types = await house.types()
        scribe.meanwhile = None
        assert (state.incident.status, state.incident.draft) == ("open", None)
        assert "IncidentClosed" not in types


async def test_g52_a_reopening_throws_the_draft_away(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        await house.alarm("resolved")
        await house.drive(INC)
        scribing = Scribing(house.log, Scripted(WORDS))
        assert await scribing.adds_to(await house.state(), paused=False)
        assert (await house.state()).incident.draft == WORDS
        house.world.clock.advance(1)
        await house.alarm()
        await house.drive(INC)
        assert (await house.state()).incident.draft is None


async def test_g52_a_paused_bot_asks_no_model_and_closes_all_the_same(tmp_path: Path) -> None:
    scribe = Scripted(WORDS)
    async with open_house(tmp_path, World(scribe=scribe)) as house:
        await house.alarm()
        await house.drive(INC)
        await house.alarm("resolved")
        await house.drive(INC)
        house.world.paused = True
        house.world.clock.advance(61)
        await house.drive(INC)
        closed = await house.bodies(IncidentClosed)
    assert (len(closed), scribe.asked) == (1, 0)


async def test_g52_when_a_storm_ends_only_a_few_are_written_about(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        scribe = Scripted()
        scribe.gate = asyncio.Event()
        scribing = Scribing(house.log, scribe)
        await house.alarm()
        await house.alarm("resolved")
        await house.drive(INC)
        state = await house.state()
        for number in range(AT_ONCE + 3):
            state.incident.resolved_at = house.world.clock.now() + timedelta(seconds=number)
            busy = asyncio.create_task(scribing.adds_to(state, paused=False))
            await asyncio.sleep(0)
            assert busy.done() == (number >= AT_ONCE)
        scribe.gate.set()
    assert scribe.asked == AT_ONCE
