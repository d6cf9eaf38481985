"""The kill switch while an action runs: cut off if it allows that, awaited if it does not."""

import asyncio
from pathlib import Path

import pytest

from bot.engine import execute
from bot.engine.execute import Executor, KillSwitch
from bot.errors import RemoteError
from bot.incident.facts_action import ActionReconciled, ActionUnknown
from tests.bot.engine.house import INC, House, World, approved, open_house
from tests.bot.engine.making import Acting, JobArgs
from tests.waiting import until

PAUSED = "the bot is paused by dana"


class Picky(Acting):
    """An action that says for each call whether it may be cut off."""

    def cancellable(self, args: JobArgs) -> bool:
        return args.version != "v41"

    def idempotent(self, args: JobArgs) -> bool:
        return args.version == "v41"


async def paused_in_the_call(house: House, *, lets_go: bool) -> None:
    """Throw the kill switch inside the call; it ends by itself only if `lets_go`."""
    world, inside, go = house.world, asyncio.Event(), asyncio.Event()

    async def during() -> None:
        inside.set()
        await go.wait()

    world.acting.during = during
    await approved(house)
    driving = asyncio.create_task(house.drive(INC))
    await until(inside.is_set)
    world.shut = PAUSED
    if lets_go:
        await asyncio.sleep(0.3)  # were it cut off, it would be by now
        assert not driving.done()
        go.set()
    await driving


@pytest.mark.usefixtures("each_database")
@pytest.mark.parametrize(("done", "status"), [(True, "succeeded"), (False, "failed")])
async def test_e35_a_cancellable_action_is_cut_off_and_read_back(
    tmp_path: Path, *, done: bool, status: str
) -> None:
    world = World(cancellable=True)
    async with open_house(tmp_path, world) as house:
        calls = world.shop.calls
        world.shop.calls = calls if done else Forgetful()
        await paused_in_the_call(house, lets_go=False)
        (unknown,) = await house.bodies(ActionUnknown)
        (settled,) = await house.bodies(ActionReconciled)
        view = await house.view()
    assert isinstance(unknown, ActionUnknown)
    assert unknown.why.startswith(f"cancelled: {PAUSED}")
    assert isinstance(settled, ActionReconciled)
    assert (settled.by, settled.ok, view.status) == ("read-back", done, status)
    assert world.shop.version == "v42"  # the stand-in counts calls as done; nothing was rolled


class Forgetful(list[tuple[str, str, str]]):
    """Calls that left no trace at the target."""

    def append(self, item: tuple[str, str, str], /) -> None:
        _ = item


@pytest.mark.usefixtures("each_database")
async def test_e35_what_cannot_be_read_back_after_the_cut_is_unknown(tmp_path: Path) -> None:
    world = World(cancellable=True)
    world.shop.tells = False
    async with open_house(tmp_path, world) as house:
        await paused_in_the_call(house, lets_go=False)
        world.shut = ""
        world.clock.advance(3600)
        await house.drive(INC)
        view = await house.view()
    assert view.status == "unknown"
    assert PAUSED in view.why
    assert len(world.shop.calls) == 1


@pytest.mark.parametrize("picky", [False, True])
@pytest.mark.usefixtures("each_database")
async def test_e35_an_action_that_may_not_be_cut_off_is_awaited(
    tmp_path: Path, *, picky: bool
) -> None:
    world = World(cancellable=picky)
    if picky:
        world.acting = Picky(world.shop)
    async with open_house(tmp_path, world) as house:
        await paused_in_the_call(house, lets_go=True)
        view = await house.view()
    assert view.status == "succeeded"


@pytest.mark.usefixtures("each_database")
async def test_e35_an_answer_that_came_with_the_cut_is_an_answer(tmp_path: Path) -> None:
    world = World(cancellable=True)
    async with open_house(tmp_path, world) as house:

        async def during() -> None:
            world.shut = PAUSED
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return

        world.acting.during = during
        await approved(house)
        await house.drive(INC)
        view = await house.view()
    assert view.status == "succeeded"
    assert world.shop.version == "v41"


async def test_a_cancellable_action_that_never_answers_is_unknown(tmp_path: Path) -> None:
    world = World(cancellable=True, action_timeout_s=0.05)

    async def during() -> None:
        await asyncio.Event().wait()

    world.acting.during = during
    async with open_house(tmp_path, world) as house:
        await approved(house)
        await house.drive(INC)
        view = await house.view()
    assert view.status == "unknown"
    assert "no answer in time" in view.why


@pytest.mark.usefixtures("each_database")
@pytest.mark.parametrize(
    ("tool", "picky", "sent", "calls", "status"),
    [
        (True, True, False, 2, "succeeded"),
        (True, False, False, 2, "succeeded"),
        (False, False, False, 1, "failed"),
        (True, True, True, 1, "unknown"),
    ],
)
async def test_e12_only_an_idempotent_call_that_was_never_sent_is_made_again(  # noqa: PLR0913 - a row of a table
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    tool: bool,
    picky: bool,
    sent: bool,
    calls: int,
    status: str,
) -> None:
    monkeypatch.setattr(execute, "AGAIN_S", (0.0, 0.0))
    world = World(idempotent=tool)
    if picky:
        world.acting = Picky(world.shop)
    errors: list[Exception] = [RemoteError("jobs", "no route", sent=sent)]

    async def during() -> None:
        if errors:
            raise errors.pop()

    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.acting.during = during
        await house.drive(INC)
        view = await house.view()
        types = await house.types()
    assert view.status == status
    assert len(world.shop.calls) == calls
    assert len({key for key, _, _ in world.shop.calls}) == 1
    assert types.count("ActionStarted") == 1


@pytest.mark.parametrize("how", ["still", "paused", "late"])
async def test_e12_it_is_made_again_only_as_long_as_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(execute, "AGAIN_S", (0.0, 0.0))
    world = World(idempotent=True)

    async def during() -> None:
        world.shut = PAUSED if how == "paused" else ""
        world.clock.advance(60 if how == "late" else 0)
        raise RemoteError("jobs", "no route", sent=False)

    async with open_house(tmp_path, world) as house:
        await approved(house)
        world.acting.during = during
        await house.drive(INC)
        view = await house.view()
    assert view.status == "failed"
    assert len(world.shop.calls) == (3 if how == "still" else 1)
    assert ("ran out" in view.why) == (how == "late")


@pytest.mark.usefixtures("each_database")
async def test_e35_an_action_is_not_cut_off_because_another_process_drives(tmp_path: Path) -> None:
    """Nobody threw the switch: whoever drives now reads back, and the answer is taken if it can."""
    world = World(cancellable=True)
    async with open_house(tmp_path, world) as house:
        box, team, key = house.box, world.team, world.key
        switch = KillSwitch(world.closed, lambda: "")
        executor = Executor(house.log, box, team, world.clock, switch, key)
        await approved(house)
        go = asyncio.Event()

        async def during() -> None:
            world.shut = "this process was silent for too long"
            await go.wait()

        world.acting.during = during
        view = await house.view()
        running = asyncio.create_task(executor.execute(await house.state(), view))
        await until(lambda: bool(world.shut))
        await asyncio.sleep(0.3)  # were it cut off, it would be by now
        assert not running.done()
        go.set()
        await running
        assert (await house.view()).status == "succeeded"
