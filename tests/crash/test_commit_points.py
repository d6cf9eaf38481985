"""One kill at one commit, for every commit of the way: before it, and right after it."""

from pathlib import Path

import pytest

from tests.crash.conftest import ALARMS, Ahead, AlarmPassed, Crew
from tests.crash.dying import Death
from tests.crash.essence import essence
from tests.crash.ledger import (
    COMMITS,
    START,
    events_until,
    is_interruption,
    nothing_lost,
    nothing_twice,
)
from tests.crash.story import Left, Nursery, story

KILLED = -9
DEATHS = [Death(when=when, commit=commit) for commit in COMMITS for when in ("before", "after")]
TELLING = (
    "the schema",
    "IncidentOpened + AlertsReceived",
    "ActionProposed",
    "DecisionMade + ProposalApproved",
    "ActionStarted",
    "ActionFinished",
)
"""What is acknowledged, intended or known after each: enough for the second database."""
POSTGRESQL_DEATHS = [death for death in DEATHS if death.commit in TELLING]
Lives = tuple[Left, Left]

HANDED_ON = "alarm after ContextLoaded"


def plot(death: Death, nursery: Nursery, folder: Path) -> Lives:
    with story(folder, nursery) as told:
        died = told.live(death)
        if died.code == 0 and death.commit in ALARMS:
            raise AlarmPassed(told.output())
        lives = (died, told.live())
        assert lives[1].code == 0, told.output()
        return lives


@pytest.fixture(scope="module")
def stories(crew: Crew) -> Ahead[Death, Lives]:
    return crew.ahead(DEATHS, plot)


@pytest.fixture(scope="module")
def postgresql_stories(postgresql_crew: Crew) -> Ahead[Death, Lives]:
    return postgresql_crew.ahead(POSTGRESQL_DEATHS, plot)


def nothing_lost_or_repeated(death: Death, lives: Lives, clean: Left) -> None:
    died, ended = lives
    assert died.code == KILLED
    assert (died.types, died.house) == events_until(death)
    nothing_lost((died, ended))
    nothing_twice((died, ended))
    assert ended.house.count("ChangeRecorded") == 1
    assert ended.house.count(START[0]) == died.house.count(START[0]) + 1
    if is_interruption(death):
        assert "ActionUnknown" in ended.types
        assert ended.state.incident.status == "closed"
        return
    assert ended.types == clean.types
    assert sum(ended.calls.values()) == 1
    assert essence(ended.state) == essence(clean.state)


def test_g03_these_are_all_commits_of_the_way(clean: tuple[Left, list[str]]) -> None:
    assert clean[1] == COMMITS


@pytest.mark.parametrize("death", DEATHS, ids=str)
def test_g03_a_kill_loses_nothing_and_repeats_nothing(
    death: Death, stories: Ahead[Death, Lives], clean: tuple[Left, list[str]]
) -> None:
    nothing_lost_or_repeated(death, stories[death], clean[0])


def test_g03_the_commits_on_postgresql_are_the_same(
    postgresql_clean: tuple[Left, list[str]],
) -> None:
    """But for the turn that hands on to the investigation: it asks the log whether it saw all."""
    there = [name for name in postgresql_clean[1] if not name.startswith(HANDED_ON)]
    assert there == COMMITS


@pytest.mark.parametrize("death", POSTGRESQL_DEATHS, ids=str)
def test_g03_a_kill_on_postgresql_loses_nothing_and_repeats_nothing(
    death: Death,
    postgresql_stories: Ahead[Death, Lives],
    postgresql_clean: tuple[Left, list[str]],
) -> None:
    nothing_lost_or_repeated(death, postgresql_stories[death], postgresql_clean[0])
