"""The real program under signals: SIGTERM waits for the action, SIGKILL leaves it to a human."""

import signal
import subprocess
from pathlib import Path

from bot.incident.facts_action import ActionReconciled
from tests.crash.conftest import Crew
from tests.crash.ledger import nothing_lost, nothing_twice
from tests.crash.program import SERVE, Program, environment, running, until
from tests.crash.story import Left, Nursery, Story, story
from tests.crash.target import Target

CONFIG_ERROR = 2
KILLED = -9


def into_the_call(program: Program, told: Story) -> None:
    """Bring the incident to where the target holds the action's call."""
    program.deploy()
    program.alert("firing")
    until(program.proposal, told)
    assert "approved" in program.say(f"approve P-{program.proposal()}")
    assert told.target.arrived.wait(20), told.output()


def test_g02_sigterm_waits_for_the_running_action(crew: Crew) -> None:
    def plot(nursery: Nursery, folder: Path) -> Left:
        with story(folder, nursery, Target(hold="before")) as told, running(told) as program:
            into_the_call(program, told)
            program.process.send_signal(signal.SIGTERM)
            until(lambda: not program.ready(), told)
            assert program.process.poll() is None
            told.target.release.set()
            return told.left(program.process.wait(20))

    left = crew.tell(plot)
    assert left.code == 0
    actions = [kind for kind in left.types if kind.startswith("Action")]
    assert actions == ["ActionProposed", "ActionStarted", "ActionFinished"]
    assert sum(left.calls.values()) == 1
    nothing_twice((left,))


def test_e14_the_killed_program_restarts_and_a_human_settles_what_it_left(crew: Crew) -> None:
    def plot(nursery: Nursery, folder: Path) -> tuple[Left, Left]:
        with story(folder, nursery, Target(hold="after")) as told:
            with running(told) as program:
                into_the_call(program, told)
                died = told.left(program.end(signal.SIGKILL))
            told.target.release.set()
            with running(told) as program:
                until(lambda: program.status() == "unknown", told)
                program.say(f"reconcile P-{program.proposal()} worked I saw v41 in its status")
                until(lambda: program.status() == "succeeded", told)
                program.alert("resolved")
                until(lambda: program.incident()["status"] == "closed", told)
                return died, told.left(program.end(signal.SIGTERM))

    died, ended = crew.tell(plot)
    assert (died.code, ended.code) == (KILLED, 0)
    nothing_lost((died, ended))
    nothing_twice((died, ended))
    (settled,) = [e.body for e in ended.thread if isinstance(e.body, ActionReconciled)]
    assert (settled.by, settled.evidence) == ("person:operator", "I saw v41 in its status")
    assert ended.types.count("ActionUnknown") == 1


def test_g03_a_second_program_refuses_the_same_database_and_says_who_has_it(crew: Crew) -> None:
    def plot(nursery: Nursery, folder: Path) -> None:
        with story(folder, nursery) as told, running(told) as program:
            second = subprocess.run(
                SERVE,
                cwd=folder,
                env=environment(folder, 0),
                capture_output=True,
                text=True,
                timeout=20,
                check=False,
            )
            assert second.returncode == CONFIG_ERROR, second.stderr
            wanted = f"another triagebot already runs on {folder}/bot.db"
            assert f"{wanted} (process {program.process.pid}); stop it" in second.stderr
            assert "Traceback" not in second.stderr
            assert program.ready()

    crew.tell(plot)
