"""While a model thinks: what is said meanwhile loses no Step, and what must be done is done."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.agent.exchange import ModelReply, Prompt
from bot.engine import attending
from bot.engine.attending import attended
from bot.errors import BusyError
from bot.incident.fact import Fact
from bot.incident.facts_action import ActionFinished
from bot.incident.facts_alerts import IncidentResolved, NoteAdded
from bot.incident.facts_run import InvestigationPaused
from tests.bot.agent.minds import MODEL, Speaker
from tests.bot.engine.house import INC, House, World
from tests.bot.engine.test_thinking import WHOLE
from tests.bot.engine.thinking import Thinking, chosen, looks, proposes, thinking_house
from tests.fakes import T0

NOTE = NoteAdded(person="dana", text="I see it too")


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attending, "LOOK_S", 0.01)


class Thinker(Speaker):
    """A model; each time it thinks, something happens first."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def ask(self, prompt: Prompt, note: str, deadline_s: float) -> ModelReply:
        if self.meanwhile is not None:
            await self.meanwhile()
        return await super().ask(prompt, note, deadline_s)


async def test_f10_what_is_said_while_a_model_thinks_makes_nobody_ask_it_again(
    tmp_path: Path,
) -> None:
    speaker = Thinker(WHOLE)
    async with thinking_house(tmp_path, World(), Thinking(speaker)) as house:

        async def remark() -> None:
            await house.record(NOTE)

        await house.alarm()
        speaker.meanwhile = remark
        await house.drive(INC)
        steps = await chosen(house)
        spent = await house.store.model_calls.spent(T0)
    assert [one.by for one in steps] == [MODEL] * 3
    assert (len(speaker.prompts), spent.calls) == (3, 3)


@pytest.mark.parametrize(
    "fact", [InvestigationPaused(by="dana"), IncidentResolved(reason="closed by dana")]
)
async def test_a_step_that_nobody_asks_for_any_more_is_not_written(
    tmp_path: Path, fact: Fact
) -> None:
    speaker = Thinker([looks])
    async with thinking_house(tmp_path, World(), Thinking(speaker)) as house:

        async def happens() -> None:
            await house.record(fact)

        await house.alarm()
        speaker.meanwhile = happens
        await house.drive(INC)
        assert await chosen(house) == []
    assert len(speaker.prompts) <= 1


async def thinks(house: House, speaker: Speaker, times: int) -> asyncio.Task[None]:
    """Drive until the model thinks of so many a request, and goes on thinking."""
    asked = asyncio.Event()
    speaker.during = lambda: asked.set() if len(speaker.prompts) == times else None
    await house.alarm()
    driving = asyncio.create_task(house.drive(INC))
    await asked.wait()
    return driving


async def ended(driving: asyncio.Task[None]) -> None:
    driving.cancel()
    await asyncio.gather(driving, return_exceptions=True)


async def test_f11_an_approval_does_not_wait_for_a_model_that_thinks(tmp_path: Path) -> None:
    speaker = Speaker([looks, proposes, None])
    world = World()
    async with thinking_house(tmp_path, world, Thinking(speaker)) as house:
        driving = await thinks(house, speaker, 3)
        assert (await house.approve()).kind == "done"
        again = asyncio.Event()
        speaker.during = again.set
        async with asyncio.timeout(60):
            await again.wait()  # it is asked again, once what was approved is done
        assert await house.bodies(ActionFinished)
        await ended(driving)
    assert [version for _, version, _ in world.shop.calls] == ["v41"]


async def test_f11_the_end_of_an_incident_ends_the_thinking(tmp_path: Path) -> None:
    speaker = Speaker([None])
    async with thinking_house(tmp_path, World(), Thinking(speaker)) as house:
        driving = await thinks(house, speaker, 1)
        await house.record(IncidentResolved(reason="closed by dana"))
        async with asyncio.timeout(60):
            await driving
        assert (await house.state()).run.done
        assert await chosen(house) == []


async def test_what_is_attended_is_cancelled_and_awaited_when_it_is_given_up() -> None:
    over: list[str] = []

    async def asking() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            over.append("over")

    async def unwanted() -> bool:
        return False

    assert await attended(asking(), unwanted) is None
    assert over == ["over"]


async def test_a_database_that_is_away_gives_nothing_up() -> None:
    looked = asyncio.Event()

    async def asking() -> str:
        await looked.wait()
        return "a step"

    async def away() -> bool:
        looked.set()
        raise BusyError("away")

    assert await attended(asking(), away) == "a step"
