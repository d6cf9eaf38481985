"""One kill at one commit, for every commit of the way: before it, and right after it."""

from pathlib import Path

import pytest

from tests.crash.conftest import Ahead, Crew
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
Lives = tuple[Left, Left]


def plot(death: Death, nursery: Nursery, folder: Path) -> Lives:
    with story(folder, nursery) as told:
        lives = (told.live(death), told.live())
        assert lives[1].code == 0, told.output()
        return lives


@pytest.fixture(scope="module")
def stories(crew: Crew) -> Ahead[Death, Lives]:
    return crew.ahead(DEATHS, plot)


def test_g03_these_are_all_commits_of_the_way(clean: tuple[Left, list[str]]) -> None:
    assert clean[1] == COMMITS


@pytest.mark.parametrize("death", DEATHS, ids=str)
def test_g03_a_kill_loses_nothing_and_repeats_nothing(
    death: Death, stories: Ahead[Death, Lives], clean: tuple[Left, list[str]]
) -> None:
    died, ended = stories[death]
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
    assert ended.types == clean[0].types
    assert sum(ended.calls.values()) == 1
    assert essence(ended.state) == essence(clean[0].state)
