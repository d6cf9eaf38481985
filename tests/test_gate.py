"""The gate of a change, tried on a folder of a few tests: which failures it forgives."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
# All it calls; so it finds no apt.
PROGRAMS = [
    "bash",
    "cat",
    "cmp",
    "dirname",
    "env",
    "grep",
    "make",
    "mktemp",
    "rm",
    "sed",
    "sh",
    "tee",
    "wc",
]
CHECKS = ["ruff", "pyright", "lint-imports", "triagebot"]
# What a test says that fails the first `times` times it runs.
FAILING = """
from pathlib import Path

def test_{name}():
    runs = Path(__file__).with_suffix(".{name}")
    with runs.open("a") as file:
        file.write("x")
    assert len(runs.read_text()) > {times}
"""


class Said(NamedTuple):
    code: int
    lines: list[str]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout of the gate, the Makefile and one test that passes."""
    for name in [".ci/run", "Makefile"]:
        tmp_path.joinpath(name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ["programs", "tests", ".venv/bin"]:
        tmp_path.joinpath(name).mkdir(parents=True)
    for name in PROGRAMS:
        tmp_path.joinpath("programs", name).symlink_to(str(shutil.which(name)))
    for name in CHECKS:
        tmp_path.joinpath(".venv/bin", name).symlink_to(str(shutil.which("true")))
    tmp_path.joinpath(".venv/bin/python").symlink_to(sys.executable)
    for name in ["requirements.lock", ".venv/requirements.lock"]:
        tmp_path.joinpath(name).touch()
    tmp_path.joinpath("tests/test_fine.py").write_text("def test_fine():\n    pass\n")
    return tmp_path


def gate(tree: Path, **failing: int) -> Said:
    """Run the gate over tests that fail so many times each; return how it ended."""
    tests = [FAILING.format(name=name, times=times) for name, times in failing.items()]
    tree.joinpath("tests/test_failing.py").write_text("".join(tests))
    asked = {
        "PATH": str(tree / "programs"),
        "WORKERS": "0",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [tree / ".ci/run"], env=asked, capture_output=True, text=True, check=False
    )
    return Said(done.returncode, (done.stdout + done.stderr).splitlines())


def test_a_test_that_fails_once_is_named_and_forgiven_if_it_passes_alone(tree: Path) -> None:
    code, lines = gate(tree, racing=1, late=1)
    assert code == 0, lines
    named = [line.split(" - ")[0] for line in lines if line.startswith("flaky under load: ")]
    assert named == [
        f"flaky under load: tests/test_failing.py::test_{name}" for name in ["racing", "late"]
    ]
    assert " 2 passed in " in lines[-1]
    assert [line for line in lines if " 2 failed, 1 passed in " in line]


def test_a_test_that_fails_again_fails_the_gate(tree: Path) -> None:
    code, lines = gate(tree, racing=1, broken=2)
    assert code != 0
    assert [line for line in lines if " 1 failed, 1 passed in " in line]
    assert not [line for line in lines if line.startswith("flaky")]


def test_more_than_three_failures_are_not_tried_again(tree: Path) -> None:
    code, lines = gate(tree, a=1, b=1, c=1, d=1)
    assert code != 0
    assert not [line for line in lines if " passed in " in line and "failed" not in line]


def test_a_file_that_cannot_be_read_fails_the_gate_at_once(tree: Path) -> None:
    tree.joinpath("tests/test_unread.py").write_text("import nothing_of_this_name\n")
    code, lines = gate(tree, racing=1)
    assert code != 0
    assert not [line for line in lines if line.startswith("flaky")]


def test_a_run_that_broke_off_is_not_made_good_by_those_it_had_seen_fail(tree: Path) -> None:
    tree.joinpath("tests/test_last.py").write_text(
        "def test_last():\n    raise KeyboardInterrupt\n"
    )
    code, lines = gate(tree, racing=1)
    assert code != 0
    assert not [line for line in lines if line.startswith("flaky")]


def test_what_passes_at_once_is_run_once(tree: Path) -> None:
    code, lines = gate(tree, fine=0)
    assert code == 0, lines
    assert " 2 passed in " in lines[-1]
    assert tree.joinpath("tests/test_failing.fine").read_text() == "x"
