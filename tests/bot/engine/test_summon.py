"""Nobody answers: who is called when, told as stories on each database, across restarts."""

import asyncio
from collections.abc import Generator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from bot.incident.authority import Person
from bot.incident.effects import RunLimits
from bot.incident.fact import Fact
from bot.incident.facts_action import ProposalExpired, ProposalReminded
from bot.incident.facts_alerts import (
    IncidentEscalated,
    IncidentHandedOff,
    QuestionExpired,
    QuestionReminded,
)
from bot.incident.steps import AskHuman
from bot.knowledge import runbook
from bot.knowledge.people import People
from bot.ports import Reply
from tests import fakes
from tests.bot.engine.house import INC, House, World, furnish, open_house
from tests.bot.engine.making import DANA, EVE, Scripted, Team, conclude
from tests.databases import Server

pytestmark = pytest.mark.usefixtures("kept_in")
LEAD = Person(name="lead", identities=("web:lead",))
CALLS = (ProposalReminded, QuestionReminded, IncidentEscalated)


@pytest.fixture(params=["sqlite", "postgresql"])
def kept_in(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """Make `open_house(tmp_path)` mean a database of each kind; yield which."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        fakes.DATABASES[tmp_path] = server.url(server.shared())
    yield request.param
    fakes.DATABASES.pop(tmp_path, None)


@dataclass
class Rota(Team):
    """A team with a rota: dana first, eve above, lead on top."""

    levels: tuple[str, ...] = ("dana", "eve", "lead")

    def __post_init__(self) -> None:
        self.people = People((DANA, EVE, LEAD))

    def on_call(self, service: str, at: datetime, level: int = 1) -> tuple[Person, ...]:
        named = self.levels[level - 1 : level]
        return tuple(one for one in map(self.people.get, named) if one is not None)


class Patient(World):
    """A world whose incidents stay open for long."""

    def limits(self) -> RunLimits:
        return RunLimits(debounce_s=0, close_after_s=60, question_ttl_s=7200)


def asking() -> World:
    """A world whose loop asks for a decision."""
    return Patient(team=Rota())


def concluding() -> World:
    """A world whose loop has nothing to ask."""
    return Patient(model=Scripted([conclude()]), team=Rota())


async def at_second(house: House, seconds: float) -> None:
    """Let the loop look at every alarm that it set until then, as the sweep does."""
    clock, start = house.world.clock, house.world.since[f"g-{INC}"]
    while (clock.now() - start).total_seconds() < seconds:
        left = seconds - (clock.now() - start).total_seconds()
        clock.advance(min(5.0, left))
        if INC in await house.store.log.due(clock.now()):
            await house.drive(INC)


async def calls(house: House) -> list[tuple[float, str, tuple[str, ...]]]:
    """Return when (seconds after the alert) which call named whom."""
    start = house.world.since[f"g-{INC}"]
    return [
        ((event.at - start).total_seconds(), *_named(event.body))
        for event in await house.events()
        if isinstance(event.body, CALLS)
    ]


def _named(fact: object) -> tuple[str, tuple[str, ...]]:
    match fact:
        case ProposalReminded(to=to) | QuestionReminded(to=to):
            return "remind", to
        case IncidentEscalated(level=level, persons=persons):
            return f"level {level}", persons
        case _:
            raise TypeError(fact)


async def alarmed(house: House) -> None:
    await house.alarm(key=f"g-{INC}")
    await house.drive(INC)


async def test_g51_an_unanswered_proposal_reminds_escalates_and_expires(tmp_path: Path) -> None:
    async with open_house(tmp_path, asking()) as house:
        await house.pending()
        await at_second(house, 1900)
        told = await calls(house)
        expired = await house.bodies(ProposalExpired)
        view = await house.view()
        (first, *_) = await house.bodies(ProposalReminded)
    assert told[:2] == [(300, "remind", ("dana",)), (600, "level 2", ("eve",))]
    assert [name for _, name, _ in told].count("level 3") == 1
    assert len(expired) == 1
    assert view.status == "expired"
    assert isinstance(first, ProposalReminded)
    assert first.to == ("dana",)


async def test_g51_a_restart_between_any_two_rungs_calls_nobody_twice(tmp_path: Path) -> None:
    world = asking()
    async with open_house(tmp_path, world) as house:
        await house.pending()
    for second in (150, 301, 450, 601, 900, 1250, 1900):
        async with open_house(tmp_path, world) as house:
            await at_second(house, second)
    async with open_house(tmp_path, world) as house:
        told = [(name, to) for _, name, to in await calls(house)]
    assert told[:3] == [("remind", ("dana",)), ("level 2", ("eve",)), ("level 3", ("lead",))]
    assert len(set(told)) == len(told)


async def test_g51_two_loops_call_once(tmp_path: Path, kept_in: str) -> None:
    """Two processes on PostgreSQL; on SQLite, which has one only, two loops in it."""
    world = asking()
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(open_house(tmp_path, world))
        if kept_in == "sqlite":
            other = furnish(world, one.store)
        else:
            other = await stack.enter_async_context(open_house(tmp_path, world))
        await one.pending()
        for _ in range(6):
            world.clock.advance(300)
            await asyncio.gather(*(house.drive(INC) for house in (one, other, one, other)))
        told = [(name, to) for _, name, to in await calls(one)]
    assert told[:2] == [("remind", ("dana",)), ("level 2", ("eve",))]
    assert len(set(told)) == len(told)


async def test_g51_a_bot_that_was_away_calls_one_level_and_then_waits(tmp_path: Path) -> None:
    world = concluding()
    async with open_house(tmp_path, world) as house:
        await alarmed(house)
    world.clock.advance(50_000)
    async with open_house(tmp_path, world) as house:
        await house.drive(INC)
        await house.drive(INC)
        assert [name for _, name, _ in await calls(house)] == ["level 1"]


async def test_g50_an_ack_stops_the_ladder_of_an_incident(tmp_path: Path) -> None:
    async with open_house(tmp_path, concluding()) as house:
        await alarmed(house)
        await at_second(house, 400)
        assert await calls(house) == [(300, "level 1", ("dana",))]
        assert (await house.say(f"ack {INC}")).kind == "done"
        await at_second(house, 2195)
        assert len(await calls(house)) == 1
        await at_second(house, 2200)
        told = await calls(house)
        view = (await house.state()).incident
    assert told[1:] == [(2200, "level 1", ("dana",))]
    assert view.acked_by == ""


async def test_g50_a_snooze_is_kept_over_a_restart(tmp_path: Path) -> None:
    world = concluding()
    async with open_house(tmp_path, world) as house:
        await alarmed(house)
        await house.say(f"snooze {INC} 2h")
    async with open_house(tmp_path, world) as house:
        await at_second(house, 7199)
        assert await calls(house) == []
        await at_second(house, 7200)
        assert [name for _, name, _ in await calls(house)] == ["level 1"]


async def test_g51_without_people_there_is_one_line_and_no_loop(tmp_path: Path) -> None:
    world = concluding()
    world.team = Team(people=People(()))
    async with open_house(tmp_path, world) as house:
        await alarmed(house)
        await at_second(house, 20_000)
        assert await calls(house) == [(300, "level 1", ())]


async def test_g51_a_handover_is_accepted_after_a_restart(tmp_path: Path) -> None:
    world = concluding()
    async with open_house(tmp_path, world) as house:
        await alarmed(house)
        await house.say(f"ack {INC}")
        await house.say(f"handoff {INC} eve the database")
        await at_second(house, 700)
    async with open_house(tmp_path, world) as house:
        handed = await house.bodies(IncidentHandedOff)
        assert [f.reminded for f in handed if isinstance(f, IncidentHandedOff)] == [False, True]
        assert (await house.state()).incident.acked_by == "dana"
        assert (await house.say(f"ack {INC}", who="web:eve")).kind == "done"
        assert (await house.state()).incident.acked_by == "eve"


async def test_a_question_is_called_about_and_answered_days_later(tmp_path: Path) -> None:
    step = AskHuman(question="Was it planned?", answer="yes_no", deadline_s=7 * 86400)
    world = Patient(model=Scripted([step, conclude()]), team=Rota())
    async with open_house(tmp_path, world) as house:
        await alarmed(house)
        await at_second(house, 1300)
        assert await calls(house) == [
            (300, "remind", ("dana",)),
            (600, "level 2", ("eve",)),
            (1200, "level 3", ("lead",)),
        ]
    world.clock.advance(3 * 86400)
    async with open_house(tmp_path, world) as house:
        reply = Reply("chat:U1", "chat", "", "answer", incident=INC, question="r1s1", text="no")
        assert (await house.replies.reply(reply)).kind == "done"
        await house.drive(INC)
        state = await house.state()
        late = await house.say(f"answer {INC} yes", who="web:eve")
    assert state.incident.questions["r1s1"].value == "no"
    assert state.run.done
    assert late.text == "Too late: dana answered that at 4 Mar 12:21 UTC with: no"


async def test_a_runbooks_default_feeds_the_planner_at_its_deadline(tmp_path: Path) -> None:
    header = """---
match: ['alertname="CheckoutErrorRateHigh"']
outcomes:
- name: unplanned
  when: {fact: answer.value, value: "no"}
  conclude: Nobody planned it.
otherwise: {question: "Was it planned?", kind: yes_no, default: no, deadline: 15m}
---
# Errors
"""
    team = Rota()
    team.runbooks = (runbook.parse("errors", "errors.md", header),)
    async with open_house(tmp_path, Patient(team=team)) as house:
        await alarmed(house)
        await at_second(house, 899)
        assert not (await house.state()).run.done
        await at_second(house, 900)
        view = (await house.state()).incident
    assert view.conclusion == "Nobody planned it."


async def test_a_question_nobody_answers_takes_its_default_once(tmp_path: Path) -> None:
    step = AskHuman(question="Was it planned?", answer="yes_no", default="no", deadline_s=900)
    world = Patient(model=Scripted([step, conclude()]), team=Rota())
    async with open_house(tmp_path, world) as house:
        await alarmed(house)
        await at_second(house, 1000)
        expired: list[Fact] = await house.bodies(QuestionExpired)
        view = (await house.state()).incident.questions["r1s1"]
        late = await house.say(f"answer {INC} yes")
        other = await house.replies.reply(
            Reply("web:dana", "web", "", "answer", incident=INC, question="r9s9", text="no")
        )
    assert len(expired) == 1
    assert (view.status, view.value) == ("expired", "no")
    assert late.kind == "unknown"
    assert late.text == (
        "Too late: that question was closed at 1 Mar 12:15 UTC without an answer; "
        "the default stands: no."
    )
    assert other.text == "I asked nothing like that in INC-1; nothing was done."
