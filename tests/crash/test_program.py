"""The real program under signals: SIGTERM waits for the action, SIGKILL leaves it to a human."""

import signal
import subprocess
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.incident.facts_action import ActionReconciled
from tests.crash.conftest import Crew
from tests.crash.ledger import nothing_lost, nothing_twice
from tests.crash.program import SERVE, Program, environment, running, until
from tests.crash.story import Left, Nursery, Story, story
from tests.crash.target import Target

CONFIG_ERROR = 2
KILLED = -9
SEEN = "I saw v41 in its status"


@dataclass(frozen=True)
class Asked:
    """A program that was asked to end during a call, and a second one started meanwhile."""

    pid: int
    folder: Path
    second: subprocess.CompletedProcess[str]
    was_ready: bool
    waited: bool
    left: Left


@dataclass(frozen=True)
class Told:
    """Both stories, told beside each other."""

    asked: Future[Asked]
    killed: Future[tuple[Left, Left]]


def into_the_call(program: Program, told: Story) -> None:
    """Bring the incident to where the target holds the action's call."""
    program.deploy()
    program.alert("firing")
    until(program.proposal, told)
    assert "approved" in program.say(f"approve P-{program.proposal()}")
    assert told.target.arrived.wait(60), told.output()


def ask_to_end(nursery: Nursery, folder: Path) -> Asked:
    with story(folder, nursery, Target(hold="before")) as told, running(told) as program:
        into_the_call(program, told)
        second = subprocess.run(
            SERVE,
            cwd=folder,
            env=environment(folder, 0),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        was_ready = program.ready()
        program.process.send_signal(signal.SIGTERM)
        until(lambda: not program.ready(), told)
        waited = program.process.poll() is None
        told.target.release.set()
        left = told.left(program.process.wait(60))
        return Asked(program.process.pid, folder, second, was_ready, waited, left)


def kill(nursery: Nursery, folder: Path) -> tuple[Left, Left]:
    with story(folder, nursery, Target(hold="after")) as told:
        with running(told) as program:
            into_the_call(program, told)
            died = told.left(program.end(signal.SIGKILL))
        told.target.release.set()
        with running(told) as program:
            until(lambda: program.status() == "unknown", told)
            program.say(f"reconcile P-{program.proposal()} worked {SEEN}")
            until(lambda: program.status() == "succeeded", told)
            program.alert("resolved")
            until(lambda: program.incident()["status"] == "closed", told)
            return died, told.left(program.end(signal.SIGTERM))


@pytest.fixture(scope="module")
def told(crew: Crew) -> Told:
    return Told(crew.begin(ask_to_end), crew.begin(kill))


def test_g02_sigterm_waits_for_the_running_action(told: Told) -> None:
    asked = told.asked.result()
    assert asked.waited
    assert asked.left.code == 0
    actions = [kind for kind in asked.left.types if kind.startswith("Action")]
    assert actions == ["ActionProposed", "ActionStarted", "ActionFinished"]
    assert sum(asked.left.calls.values()) == 1
    nothing_twice((asked.left,))


def test_g03_a_second_program_refuses_the_same_database_and_says_who_has_it(told: Told) -> None:
    asked = told.asked.result()
    assert asked.second.returncode == CONFIG_ERROR
    wanted = f"another triagebot already runs on {asked.folder}/bot.db (process {asked.pid}); stop"
    assert wanted in asked.second.stderr
    assert "Traceback" not in asked.second.stderr
    assert asked.was_ready


def test_e14_the_killed_program_restarts_and_a_human_settles_what_it_left(told: Told) -> None:
    died, ended = told.killed.result()
    assert (died.code, ended.code) == (KILLED, 0)
    nothing_lost((died, ended))
    nothing_twice((died, ended))
    (settled,) = [e.body for e in ended.thread if isinstance(e.body, ActionReconciled)]
    assert (settled.by, settled.evidence) == ("person:operator", SEEN)
    assert ended.types.count("ActionUnknown") == 1
