"""The words of whoever is on call: ack, snooze, escalate, handoff, as any surface sends them."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.incident.authority import Person
from bot.incident.facts_alerts import (
    IncidentAcked,
    IncidentEscalated,
    IncidentHandedOff,
    IncidentSnoozed,
)
from bot.knowledge.people import People
from tests.bot.engine.house import INC, World, open_house
from tests.bot.engine.making import DANA, EVE, MALLORY, Scripted, conclude

TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3


def quiet_world() -> World:
    return World(model=Scripted([conclude()]))


async def test_g50_an_ack_names_the_acker_and_twice_is_once(tmp_path: Path) -> None:
    async with open_house(tmp_path, quiet_world()) as house:
        await house.alarm()
        first = await house.say(f"ack {INC}")
        house.world.clock.advance(60)
        again = await house.say(f"ack {INC}")
        view = (await house.state()).incident
        facts = await house.bodies(IncidentAcked)
        shown = await house.say(f"show {INC}")
        listed = await house.say("list")
    assert (first.kind, first.text) == ("done", f"{INC}: You take care of it.")
    assert (again.kind, again.text) == (
        "already",
        f"{INC}: You take care of it already since 12:00:00 UTC.",
    )
    assert facts == [IncidentAcked(person="dana")]
    assert view.acked_by == "dana"
    assert "dana takes care of it since 1 Mar 12:00 UTC" in shown.text
    assert "(dana takes care)" in listed.text


async def test_g50_another_person_takes_over_by_an_ack(tmp_path: Path) -> None:
    async with open_house(tmp_path, quiet_world()) as house:
        await house.alarm()
        await house.say(f"ack {INC}")
        outcome = await house.say(f"ack {INC}", who="web:eve")
        view = (await house.state()).incident
    assert outcome.text == f"{INC}: You take care of it. You take over from dana."
    assert view.acked_by == "eve"
    assert view.first_acked_at == view.opened_at


@pytest.mark.parametrize(
    ("word", "kind"),
    [("ack", "refused"), ("snooze", "refused"), ("escalate", "refused"), ("handoff", "refused")],
)
async def test_strangers_say_nothing_about_it(tmp_path: Path, word: str, kind: str) -> None:
    rest = {"snooze": " 30m", "handoff": " dana"}.get(word, "")
    async with open_house(tmp_path, quiet_world()) as house:
        await house.alarm()
        outcome = await house.say(f"{word} {INC}{rest}", who="web:nobody")
        assert outcome.kind == kind
        assert await house.bodies(IncidentAcked, IncidentSnoozed, IncidentEscalated) == []


@pytest.mark.parametrize("word", ["ack INC-1", "snooze INC-1 5m", "escalate INC-1"])
async def test_what_is_over_or_absent_is_said_to_be(tmp_path: Path, word: str) -> None:
    async with open_house(tmp_path, quiet_world()) as house:
        assert (await house.say(word.replace("INC-1", "INC-9"))).text == "There is no INC-9."
        await house.alarm()
        await house.say(f"close {INC} false alarm")
        outcome = await house.say(word)
        assert (outcome.kind, outcome.text) == (
            "unknown",
            f"{INC} is resolved already; nothing was done.",
        )


@pytest.mark.parametrize(
    ("said", "span_s"), [("1m", 60), ("30m", 1800), ("24h", 86400), ("1d", 86400)]
)
async def test_g50_a_snooze_is_bounded(tmp_path: Path, said: str, span_s: int) -> None:
    async with open_house(tmp_path, quiet_world()) as house:
        await house.alarm()
        outcome = await house.say(f"snooze {INC} {said}")
        (fact,) = await house.bodies(IncidentSnoozed)
        until = house.world.clock.now() + timedelta(seconds=span_s)
    assert outcome.kind == "done"
    assert fact == IncidentSnoozed(person="dana", until=until)
    assert f"{until:%H:%M} UTC" in outcome.text


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("0m", "between 1 minute (1m) and 24 hours (24h)"),
        ("25h", "between 1 minute (1m) and 24 hours (24h)"),
        ("2d", "between 1 minute (1m) and 24 hours (24h)"),
        ("soon", "a duration such as 30m, 2h or 1d is needed; write: snooze INC-1 30m"),
        ("", "for how long?; write: snooze INC-1 30m"),
    ],
)
async def test_g50_a_snooze_out_of_bounds_is_refused(tmp_path: Path, said: str, why: str) -> None:
    async with open_house(tmp_path, quiet_world()) as house:
        await house.alarm()
        outcome = await house.say(f"snooze {INC} {said}".strip())
        assert outcome.kind == "unknown"
        assert why in outcome.text
        assert await house.bodies(IncidentSnoozed) == []


async def test_g51_escalate_calls_the_next_level_now_and_each_once(tmp_path: Path) -> None:
    async with open_house(tmp_path, quiet_world()) as house:
        await house.alarm()
        said = [await house.say(f"escalate {INC} no idea, token={TOKEN}") for _ in range(3)]
        facts = [
            f for f in await house.bodies(IncidentEscalated) if isinstance(f, IncidentEscalated)
        ]
    assert [one.kind for one in said] == ["done", "done", "already"]
    assert said[0].text == f"{INC}: Level 1 is called: dana, eve."
    assert "Nobody is above level 2, which was called at 12:00:00 UTC." in said[2].text
    assert [(f.level, f.persons, f.person, f.last) for f in facts] == [
        (1, ("dana", "eve"), "dana", False),
        (2, ("dana", "eve"), "dana", True),
    ]
    assert facts[0].why.startswith("dana asked for it: no idea, token=")
    assert TOKEN not in facts[0].why


async def test_g51_whoever_took_care_and_escalates_calls_the_level_above(tmp_path: Path) -> None:
    async with open_house(tmp_path, quiet_world()) as house:
        await house.alarm()
        await house.say(f"ack {INC}")
        outcome = await house.say(f"escalate {INC}")
        view = (await house.state()).incident
    assert "Level 2 is called" in outcome.text
    assert view.acked_by == "dana"


async def test_g51_escalating_to_nobody_says_where_to_put_somebody(tmp_path: Path) -> None:
    world = quiet_world()
    world.team.people = People((MALLORY,))
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        outcome = await house.say(f"escalate {INC}", who="web:mallory")
        (fact,) = await house.bodies(IncidentEscalated)
    assert outcome.kind == "done"
    assert "put somebody on call in people.yaml" in outcome.text
    assert isinstance(fact, IncidentEscalated)
    assert (fact.to, fact.persons, fact.last) == ("nobody", (), True)


async def test_g51_a_handover_counts_once_it_is_accepted(tmp_path: Path) -> None:
    async with open_house(tmp_path, quiet_world()) as house:
        await house.alarm()
        await house.say(f"ack {INC}")
        asked = await house.say(f"handoff {INC} eve it is the database, token={TOKEN}")
        waiting = (await house.state()).incident
        shown = await house.say(f"show {INC}")
        again = await house.say(f"handoff {INC} eve")
        accepted = await house.say(f"ack {INC}", who="web:eve")
        view = (await house.state()).incident
        facts = await house.bodies(IncidentHandedOff)
    assert asked.text == (f"{INC}: eve is asked to take over; until they accept, dana takes care.")
    assert waiting.acked_by == "dana"
    assert waiting.handoff is not None
    assert TOKEN not in waiting.handoff.note
    assert "eve was asked to take over and has not accepted" in shown.text
    assert again.kind == "already"
    assert accepted.text == f"{INC}: You take over from dana."
    assert (view.acked_by, view.handoff) == ("eve", None)
    assert [f.accepted for f in facts if isinstance(f, IncidentHandedOff)] == [False, True]


async def test_g51_somebody_elses_ack_does_not_accept_a_handover(tmp_path: Path) -> None:
    async with open_house(tmp_path, quiet_world()) as house:
        await house.alarm()
        await house.say(f"handoff {INC} eve")
        await house.say(f"ack {INC}", who="web:mallory")
        view = (await house.state()).incident
    assert view.acked_by == "mallory"
    assert view.handoff is not None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("handoff INC-1 evee", "nobody is named 'evee'; did you mean eve?"),
        ("handoff INC-1 zzzz", "nobody is named 'zzzz'; see people.yaml for the names"),
        ("handoff INC-1 frank", "nobody is named 'frank'"),
        ("handoff INC-1 dana", "INC-1: To take care of it yourself, say: ack INC-1"),
        ("handoff INC-1", "to whom?; write: handoff INC-1 PERSON [NOTE]"),
    ],
)
async def test_g51_a_handover_to_nobody_is_refused_with_names_that_are_near(
    tmp_path: Path, said: str, why: str
) -> None:
    world = quiet_world()
    frank = Person(name="frank", groups=("sre",), active=False)
    world.team.people = People((DANA, EVE, frank))
    async with open_house(tmp_path, world) as house:
        await house.alarm()
        outcome = await house.say(said)
        assert outcome.text.startswith(why)
        assert await house.bodies(IncidentHandedOff) == []


async def test_a_name_may_be_written_with_an_at_and_in_capitals(tmp_path: Path) -> None:
    async with open_house(tmp_path, quiet_world()) as house:
        await house.alarm()
        assert (await house.say(f"handoff {INC} @Eve")).kind == "done"
