"""A kill between the action's intent and its result: unknown, never repeated, settled by a human.

The call is made, or not, before the kill; only the target knows. The restarted bot must not call
again (E-12, E-14): it reads back where the job says how, else it says `unknown`, and a human who
looked says what they saw.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.incident.facts_action import ActionReconciled, ActionUnknown
from tests.crash.conftest import Ahead, Crew
from tests.crash.dying import Death
from tests.crash.essence import essence
from tests.crash.ledger import nothing_lost, nothing_twice
from tests.crash.story import Left, Nursery, Story, story
from tests.crash.target import Target

KILLED = -9
COME_S = 60.0


@dataclass(frozen=True)
class Case:
    """Where the kill falls, whether a call was made by then, and whether it took effect."""

    name: str
    calls: int
    worked: bool
    death: Death | None = None
    target: Callable[[], Target] = Target
    read_back: bool = False

    def __str__(self) -> str:
        return self.name


def lost() -> Target:
    """Return a target that gets the call, is left alone with it, and does nothing."""
    target = Target(hold="before")
    target.dropped = True
    return target


def done() -> Target:
    """Return a target that has done it when the kill comes, and had not answered yet."""
    return Target(hold="after")


BEFORE, AFTER = Death(when="before", call=True), Death(when="after", call=True)
INTENT = Death(when="after", commit="ActionStarted")
RESULT = Death(when="before", commit="ActionFinished")
CASES = [
    Case("right after the intent", 0, worked=False, death=INTENT),
    Case("right before the call", 0, worked=False, death=BEFORE),
    Case("during a call that is lost", 1, worked=False, target=lost),
    Case("during a call that is done", 1, worked=True, target=done),
    Case("right after the call", 1, worked=True, death=AFTER),
    Case("right before the result", 1, worked=True, death=RESULT),
    Case("right before the call, read back", 0, worked=False, death=BEFORE, read_back=True),
    Case("during a lost call, read back", 1, worked=False, target=lost, read_back=True),
    Case("during a done call, read back", 1, worked=True, target=done, read_back=True),
    Case("right after the call, read back", 1, worked=True, death=AFTER, read_back=True),
]
SETTLING = [
    "ActionUnknown", "alarm after ActionUnknown", "ActionReconciled",
    "alarm after ActionReconciled",
]  # fmt: skip
READING_BACK = ["evidence after ActionStarted", "ActionReconciled"]
AGAIN = [
    (read_back, Death(when=when, commit=commit))
    for read_back, commits in ((False, SETTLING), (True, READING_BACK))
    for commit in commits
    for when in ("before", "after")
]


def kill(told: Story, case: Case) -> Left:
    """Live until the death of the case: the victim's own, or ours while the target holds it."""
    pid = told.begin(case.death)
    if case.death is None:
        assert told.target.arrived.wait(COME_S), told.output()
        os.kill(pid, signal.SIGKILL)
    return told.end()


def plot(case: Case, nursery: Nursery, folder: Path) -> tuple[Left, Left]:
    with story(folder, nursery, case.target(), read_back=case.read_back) as told:
        died = kill(told, case)
        told.target.release.set()
        ended = told.live()
        assert ended.code == 0, told.output()
        return died, ended


def plot_again(
    second: tuple[bool, Death], nursery: Nursery, folder: Path
) -> tuple[Left, Left, Left]:
    read_back, death = second
    with story(folder, nursery, read_back=read_back) as told:
        lives = (told.live(AFTER), told.live(death), told.live())
        assert lives[-1].code == 0, told.output()
        return lives


@pytest.fixture(scope="module")
def stories(crew: Crew) -> Ahead[Case, tuple[Left, Left]]:
    return crew.ahead(CASES, plot)


@pytest.fixture(scope="module")
def sequels(crew: Crew) -> Ahead[tuple[bool, Death], tuple[Left, Left, Left]]:
    return crew.ahead(AGAIN, plot_again)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_e14_an_interrupted_action_is_never_repeated_and_somebody_settles_it(
    case: Case, stories: Ahead[Case, tuple[Left, Left]]
) -> None:
    died, ended = stories[case]
    assert died.code == KILLED
    assert died.types[-1] == "ActionStarted"
    nothing_lost((died, ended))
    nothing_twice((died, ended))
    assert sum(ended.calls.values()) == case.calls

    settled = [e.body for e in ended.thread if isinstance(e.body, ActionReconciled)]
    assert [fact.ok for fact in settled] == [case.worked]
    by_reading = case.read_back and case.worked
    assert settled[0].by == ("read-back" if by_reading else "person:operator")
    assert settled[0].evidence
    unknown = [e.body for e in ended.thread if isinstance(e.body, ActionUnknown)]
    assert [fact.attempt for fact in unknown] == ([] if by_reading else [settled[0].attempt])

    (view,) = ended.state.incident.proposals.values()
    assert view.status == ("succeeded" if case.worked else "failed")
    assert view.verified == (1 if case.worked else 0)
    assert "ActionFinished" not in ended.types
    assert ended.state.incident.status == "closed"


@pytest.mark.parametrize("second", AGAIN, ids=lambda it: f"{it[1]}{', read back' * it[0]}")
def test_g03_a_second_kill_while_it_is_settled_changes_nothing(
    second: tuple[bool, Death],
    sequels: Ahead[tuple[bool, Death], tuple[Left, Left, Left]],
    stories: Ahead[Case, tuple[Left, Left]],
) -> None:
    read_back, death = second
    lives = sequels[second]
    assert [left.code for left in lives] == [KILLED, KILLED, 0]
    nothing_lost(lives)
    nothing_twice(lives)
    once = next(one for one in CASES if one.death == AFTER and one.read_back == read_back)
    ended = stories[once][1]
    assert lives[-1].types == ended.types
    assert essence(lives[-1].state) == essence(ended.state)
    if death.commit.startswith("Action"):
        assert (death.commit in lives[1].types) == (death.when == "after")
