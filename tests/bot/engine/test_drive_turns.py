"""Turns end before what takes long; what an old process cannot read is held, and offered again."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import BusyError, StaleThreadError
from bot.incident.events import Unknown
from bot.incident.facts_alerts import NoteAdded
from bot.incident.reducer import State, fold
from bot.ports import Draft, Filter, Log, Recorded
from tests.bot.engine.house import INC, World, Wrapped, open_house


class Newer(Wrapped):
    """A log whose newest event is of a version that is still to come."""

    async def state(self, stream: str) -> State:
        events = await self.inner.load(stream)
        odd = Unknown(type="Newer", v=9, why="this version does not know this event")
        return fold([*events[:-1], replace(events[-1], body=odd)])


async def test_an_event_of_a_newer_version_holds_the_incident(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(tmp_path, World(), log=Newer) as house:
        await house.alarm()
        await asyncio.wait_for(house.drive(INC), 5)
        assert await house.types() == ["IncidentOpened", "AlertsReceived"]
    assert "start a version that reads it" in caplog.text


async def test_what_is_held_here_is_offered_to_newer_processes_and_does_not_spin(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, World(), log=Newer) as house:
        house.drive.hold_s = 15
        await house.alarm()
        now = house.world.clock.now()
        assert await house.drive.turn(INC) is False
        assert await house.store.log.due(now) == []
        assert await house.store.log.due(now + timedelta(seconds=15)) == [INC]


async def test_a_turn_ends_before_what_takes_long(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.alarm()
        assert await house.drive.turn(INC) is True
        assert "StepChosen" not in await house.types()
        await house.drive(INC)
        assert "StepChosen" in await house.types()


class Overtaken(Wrapped):
    """A log in which a decision is committed as soon as the loop has read it, but once."""

    def __init__(self, inner: Log) -> None:
        super().__init__(inner)
        self.seen: list[int] = []

    async def state(self, stream: str) -> State:
        state = await self.inner.state(stream)
        if state.run.context is not None:
            if not self.seen:
                fact = NoteAdded(person="dana", text="as good as an approval")
                await self.inner.record(stream, lambda _: Draft("console:dana", (fact,)))
            self.seen.append(len(state.incident.said))
        return state


async def test_a_turn_leaves_nothing_unread_to_the_investigation_that_may_wait_long(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, World(), log=Overtaken) as house:
        await house.alarm()
        assert await house.drive.turn(INC) is True
        log = house.log
        assert isinstance(log, Overtaken)
        assert log.seen == [0, 1]
        assert await house.store.log.due(house.world.clock.now()) == [INC]


class Disagreeing(Wrapped):
    """A log in which somebody is always first, as when a derived row is wrong."""

    async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
        raise StaleThreadError("proposal 7F3KQ2AB is not pending any more")


async def test_a_row_that_disagrees_with_the_log_ends_the_call_and_says_what_to_do(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, World(), log=Disagreeing) as house:
        await house.alarm()
        with pytest.raises(BusyError, match=r"INC-1 .*\(proposal 7F3KQ2AB is not.*db rebuild"):
            await asyncio.wait_for(house.drive(INC), 60)
        assert await house.types() == ["IncidentOpened", "AlertsReceived"]


async def test_an_alarm_that_cannot_be_set_ends_the_call_until_the_rows_are_made_anew(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        wrong = "UPDATE incident SET seq = seq + 1"
        await house.store.writer.submit(lambda tx: tx.run(wrong).rowcount)
        with pytest.raises(BusyError, match="its alarm could not be set"):
            await asyncio.wait_for(house.drive(INC), 60)
        await house.store.rebuild()
        await asyncio.wait_for(house.drive(INC), 60)


@pytest.mark.usefixtures("each_database")
async def test_e31_a_merged_incident_has_nothing_left_to_decide(tmp_path: Path) -> None:
    async with open_house(tmp_path, World()) as house:
        await house.pending()
        await house.alarm(key="another", pod="another")
        await house.say(f"merge {INC} INC-2")
        assert await house.drive.turn(INC) is False
        (view,) = (await house.state()).incident.proposals.values()
        assert (view.status, view.why) == (
            "withdrawn",
            "the incident was merged into INC-2",
        )
        rows = await house.store.incidents.page(Filter(status="merged"))
        assert [(row.id, row.pending) for row in rows] == [(INC, 0)]
