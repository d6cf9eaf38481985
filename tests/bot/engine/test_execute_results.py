import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.engine import execute
from bot.errors import BusyError, RemoteError, ToolError
from bot.incident.facts_action import (
    ActionFinished,
    ActionStarted,
    ActionUnknown,
)
from bot.incident.reducer import State
from bot.ports import Draft, Evidence, Recorded, Refusal
from bot.shelf import ToolResult
from tests.bot.engine.house import INC, World, Wrapped, approved, open_house


@pytest.mark.parametrize(
    ("error", "status", "why"),
    [
        (RemoteError("jobs", "reset", 502), "unknown", "jobs: reset"),
        (RemoteError("jobs", "no route", sent=False), "failed", "jobs: no route"),
        (ToolError("the job says no"), "failed", "the job says no"),
        (ZeroDivisionError("a bug"), "unknown", "ZeroDivisionError: a bug"),
    ],
)
@pytest.mark.usefixtures("each_database")
async def test_e14_what_may_have_been_done_is_unknown_and_never_repeated(
    tmp_path: Path, error: Exception, status: str, why: str
) -> None:
    world = World()

    async def fail() -> None:
        raise error

    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.acting.during = fail
        await house.drive(INC)
        world.clock.advance(3600)
        await house.drive(INC)
        view = await house.view()
    assert view.status == status
    assert view.why.partition(" (at ")[0] == why
    assert len(world.shop.calls) == 1


@pytest.mark.usefixtures("each_database")
async def test_e14_no_answer_in_time_is_unknown(tmp_path: Path) -> None:
    world = World(action_timeout_s=0.01)

    async def hang() -> None:
        await asyncio.Event().wait()

    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.acting.during = hang
        await house.drive(INC)
        (unknown,) = await house.bodies(ActionUnknown)
    assert isinstance(unknown, ActionUnknown)
    assert "may have been done" in unknown.why
    assert len(world.shop.calls) == 1


async def test_an_action_that_answers_no_has_failed(tmp_path: Path) -> None:
    world = World()
    world.acting.answer = ToolResult("the job answered that it failed", ok=False)
    async with open_house(tmp_path, world) as house:
        await approved(house)
        await house.drive(INC)
        view = await house.view()
    assert view.status == "failed"


async def test_a_result_survives_a_busy_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "RETRY_S", (0.0,))
    tries = {"record": 3, "put": 2}
    world = World()

    class Busy(Wrapped):
        async def record(self, stream: str, build: Callable[[State], Draft | Refusal]) -> Recorded:
            if world.shop.calls and tries["record"]:
                tries["record"] -= 1
                raise BusyError("the disk is full")
            return await self.inner.record(stream, build)

    async with open_house(tmp_path, world, log=Busy) as house:
        put = house.store.evidence.put

        async def busy_put(evidence: Evidence) -> str:
            if world.shop.calls and tries["put"]:
                tries["put"] -= 1
                raise BusyError("the disk is full")
            return await put(evidence)

        monkeypatch.setattr(house.store.evidence, "put", busy_put)
        await approved(house)
        await house.drive(INC)
        view = await house.view()
    assert (view.status, tries) == ("succeeded", {"record": 0, "put": 0})
    assert view.evidence
    assert len(world.shop.calls) == 1


async def test_an_answer_that_cannot_be_kept_is_still_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    async with open_house(tmp_path, world) as house:
        await approved(house)

        async def broken(evidence: Evidence) -> str:
            if world.shop.calls:
                raise ValueError("a bug in the store")
            return evidence.id

        monkeypatch.setattr(house.store.evidence, "put", broken)
        await house.drive(INC)
        view = await house.view()
    assert (view.status, view.evidence) == ("succeeded", "")
    assert "could not be kept" in view.result


async def test_an_answer_with_odd_characters_is_still_a_result(tmp_path: Path) -> None:
    world = World()
    world.acting.answer = ToolResult("done \ud800\0", body={"a\udfff": float("nan")}, link="\ud800")
    async with open_house(tmp_path, world) as house:
        await approved(house)
        await house.drive(INC)
        (finished,) = await house.bodies(ActionFinished)
        kept = await house.store.evidence.get(getattr(finished, "evidence", ""))
    assert isinstance(finished, ActionFinished)
    assert (finished.ok, finished.summary) == (True, "done ?")
    assert kept is not None
    assert kept.body == b'{"a?":null}'


async def test_the_intent_that_cannot_be_committed_calls_nothing(tmp_path: Path) -> None:
    world = World()
    away = {"database": True}

    class Away(Wrapped):
        async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
            if away["database"] and isinstance(draft.facts[0], ActionStarted):
                raise BusyError("the database is away")
            return await self.inner.append(stream, expect, draft)

    async with open_house(tmp_path, world, log=Away) as house:
        await approved(house)
        with pytest.raises(BusyError):
            await house.drive(INC)
        assert world.shop.calls == []
        away["database"] = False
        await house.drive(INC)
    assert len(world.shop.calls) == 1
