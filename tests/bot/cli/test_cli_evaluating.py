"""`triagebot eval …` and `replay` of a step and of a fork, as processes."""

import json
import shutil
from pathlib import Path

import pytest

from bot.settings import SHIPPED_RUNBOOKS
from tests.bot.cli.test_cli import triagebot
from tests.evals.author import CASSETTE, HERE

TAPED = ("--model", f"cassette:{CASSETTE}")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one play of the story, with its database."""
    folder = tmp_path_factory.mktemp("eval")
    done = triagebot(folder, "eval", str(HERE / "story"), *TAPED, "--keep", "kept")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 of 1 passed (100%)" in done.stdout
    return folder / "kept" / "story-1"


def url(kept: Path) -> str:
    return f"sqlite:///{kept}/eval.db"


def test_a_suite_that_fails_exits_1_and_its_json_says_why(tmp_path: Path) -> None:
    done = triagebot(tmp_path, "eval", str(HERE / "noisy-healthy"), "--json", "--repeat", "2")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert (said["scenarios"], said["passed"]) == (1, 0)
    (one,) = said["tried"]
    assert len(one["plays"]) == 2
    assert one["plays"][0]["reasons"] == ["it ended as not_enough_evidence, not not_an_incident"]
    assert not one["unstable"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("eval", "none"), 2, "none: there is no such folder"),
        (("eval", str(HERE / "story"), "--record", "c.json"), 1, "--record needs --model config"),
        (("replay", "INC-1", "--exchange"), 1, "--exchange needs --step N"),
    ],
)
def test_a_wrong_word_says_what_is_right(
    tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    done = triagebot(tmp_path, *words)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_the_exact_exchange_of_a_step_is_printed(kept: Path) -> None:
    done = triagebot(kept, "replay", "INC-1", "--step", "2", "--exchange", DATABASE_URL=url(kept))
    assert done.returncode == 0, done.stderr
    assert "You triage incidents for the people on call." in done.stdout
    assert "propose_action" in done.stdout


def test_asking_again_shows_where_it_would_be_decided_differently(kept: Path) -> None:
    before = kept.joinpath("eval.db").read_bytes()
    done = triagebot(kept, "replay", "INC-1", "--from", "3", DATABASE_URL=url(kept))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("  1 - ")
    assert lines[-1] == "it decides differently"
    assert kept.joinpath("eval.db").read_bytes() == before


def test_an_incident_becomes_a_scenario_in_a_suite(kept: Path, tmp_path: Path) -> None:
    done = triagebot(tmp_path, "eval", "record", "inc-1", "suite", DATABASE_URL=url(kept))
    assert done.returncode == 0, done.stderr
    assert "suite/inc-1/scenario.yaml: read it, and mend what it expects" in done.stdout
    shutil.copytree(HERE / "knowledge", tmp_path / "suite" / "knowledge")
    played = triagebot(tmp_path, "eval", "suite")
    assert played.returncode == 0, played.stdout + played.stderr
    assert "1 of 1 are drafts and do not count" in played.stdout


def test_a_changed_runbook_shows_what_it_changes_before_it_is_live(tmp_path: Path) -> None:
    changed = tmp_path / "runbooks"
    shutil.copytree(SHIPPED_RUNBOOKS, changed, ignore=shutil.ignore_patterns("__*"))
    book = changed / "error-rate.md"
    book.write_text(book.read_text().replace("    propose: rollback\n", ""))
    done = triagebot(tmp_path, "eval", "diff", str(HERE / "bad-deploy"), "--runbooks", "runbooks")
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "bad-deploy: ok cause_found → FAIL cause_found"
    assert lines[-1].startswith("1 of 1 scenarios decide differently; 1 of 1 passed before, 0 of 1")
