import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from bot.app.step_text import step_lines
from bot.errors import NotFoundError
from bot.incident.context import Context
from bot.incident.facts_run import Usage
from bot.incident.steps import Step
from bot.ports import Choice, Evidence
from bot.ports.mind import Objection
from tests.bot.engine.house import INC, World, open_house
from tests.bot.engine.making import conclude, look
from tests.fakes import T0, open_store

Get = Callable[[str], Awaitable[Evidence | None]]
SENT = {"request": "every word\u202e that was sent", "reply": '{"step":'}


class Telling:
    """A Mind that says what it was sent and answered."""

    name = "fake:one"

    async def next_step(self, context: Context) -> Step:
        return conclude()

    async def choose(self, context: Context, refusal: Objection) -> Choice:
        step = conclude() if context.results else look()
        usage = Usage(input_tokens=900, output_tokens=40, model="one-2", requests=1, repairs=1)
        return Choice(step, self.name, "ab" * 32, json.dumps(SENT).encode(), usage)


async def investigated(folder: Path, world: World) -> World:
    async with open_house(folder, world) as house:
        await house.alarm()
        await house.drive(INC)
    return world


async def test_a_step_is_printed_with_what_it_brought(tmp_path: Path) -> None:
    world = World()
    await investigated(tmp_path, world)
    async with open_store(tmp_path, world.clock) as store:
        lines = await step_lines(store, INC, 1, exchange=False)
    assert "r1s1 by planner" in lines[0]
    assert lines[-1].startswith("r1s1.0  http_probe [")


async def test_the_exact_exchange_of_a_step_is_printed_with_nothing_hidden(tmp_path: Path) -> None:
    world = World(model=Telling())  # pyright: ignore[reportArgumentType]
    await investigated(tmp_path, world)
    async with open_store(tmp_path, world.clock) as store:
        lines = await step_lines(store, INC, 2, exchange=True)
    said = "\n".join(lines)
    assert "every word⟨U+202E⟩ that was sent" in said
    assert '"reply": "{\\"step\\":"' in said
    assert "one-2: 900 tokens in (0 cached), 40 out, 1 requests, 1 repairs" in said
    assert "cost unknown" in said
    assert f"prompt     {'ab' * 32}" in lines


async def test_a_step_of_the_planner_had_no_exchange(tmp_path: Path) -> None:
    world = World()
    await investigated(tmp_path, world)
    async with open_store(tmp_path, world.clock) as store:
        lines = await step_lines(store, INC, 1, exchange=True)
    assert lines[-1] == "There was no exchange: planner chose this step, and no model was asked."


async def test_an_exchange_that_retention_took_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(model=Telling())  # pyright: ignore[reportArgumentType]
    await investigated(tmp_path, world)
    async with open_store(tmp_path, world.clock) as store:
        monkeypatch.setattr(store.evidence, "get", stub_of(store.evidence.get, T0))
        lines = await step_lines(store, INC, 1, exchange=True)
    assert "was deleted on 2025-03-01, as TRIAGE_KEEP_EVIDENCE_DAYS says" in lines[-1]


def stub_of(get: Get, deleted_at: datetime) -> Get:
    async def stub(identifier: str) -> Evidence | None:
        found = await get(identifier)
        return None if found is None else replace(found, body=b"", deleted_at=deleted_at)

    return stub


@pytest.mark.parametrize(
    ("incident", "step", "said"),
    [("INC-9", 1, "there is no INC-9"), (INC, 7, "has 3 steps; there is no step 7")],
)
async def test_what_is_not_there_is_said(
    tmp_path: Path, incident: str, step: int, said: str
) -> None:
    world = World()
    await investigated(tmp_path, world)
    async with open_store(tmp_path, world.clock) as store:
        with pytest.raises(NotFoundError, match=said):
            await step_lines(store, incident, step, exchange=False)
