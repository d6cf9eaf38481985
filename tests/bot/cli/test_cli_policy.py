"""`triagebot policy …` as a process: its output and its exit code."""

from pathlib import Path

import pytest

from tests.bot.app.test_explaining import FOLDER
from tests.bot.cli.test_cli import triagebot
from tests.bot.engine.house import World, open_house


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, raw in FOLDER.items():
        (tmp_path / name).write_bytes(raw)
    return tmp_path


CASE = "{action: 'job_run:rollback', risk: medium, channel: web, person: %s, expect: %s}"


def test_e20_a_table_of_cases_fails_by_its_exit_code(folder: Path) -> None:
    file = folder / "policy-test.yaml"
    lines = (CASE % ("dana", "allow"), CASE % ("eve", "refuse"))
    file.write_text("cases:\n" + "".join(f"- {line}\n" for line in lines))
    held = triagebot(folder, "policy", "test", str(file), "--folder", str(folder))
    assert (held.returncode, held.stdout) == (0, "policy-test.yaml: cases tried: 2; all hold\n")
    file.write_text(f"cases:\n- {CASE % ('eve', 'allow')}\n")
    failed = triagebot(folder, "policy", "test", str(file), TRIAGE_RUNBOOKS=str(folder))
    assert failed.returncode == 1
    assert "policy-test.yaml line 2: case 1: expected allow, and it is refuse" in failed.stdout
    assert failed.stdout.endswith("policy-test.yaml: cases tried: 1; faults: 1\n")
    file.write_text("cases: 3\n")
    assert triagebot(folder, "policy", "test", str(file)).returncode == 2


async def test_e20_explain_answers_by_its_exit_code(folder: Path) -> None:
    async with open_house(folder, World()) as house:
        view = await house.pending()
    when = view.proposal.created_at.isoformat()
    env = {"TRIAGE_RUNBOOKS": str(folder), "DATABASE_URL": f"sqlite:///{folder / 'bot.db'}"}
    words = ("policy", "explain", f"P-{view.proposal.id}")
    yes = triagebot(folder, *words, "dana", "--at", when, "--channel", "slack", **env)
    assert (yes.returncode, yes.stdout[:5]) == (0, "yes: "), yes.stderr
    no = triagebot(folder, *words, "eve", "--at", when, **env)
    assert (no.returncode, no.stdout[:4]) == (1, "no: "), no.stderr
    expired = triagebot(folder, *words, "dana", "--deny", **env)
    assert expired.returncode == 1
    assert "it expired at" in expired.stdout
    odd = triagebot(folder, *words, "dana", "--at", "2026-01-05T03:00", **env)
    assert odd.returncode == 1
    assert "names no time zone" in odd.stderr


def test_law10_lint_refuses_a_rule_that_needs_nobody(folder: Path) -> None:
    sound = triagebot(folder, "policy", "lint", str(folder))
    assert sound.returncode == 1
    assert "there is no job 'rollback' in jobs.yaml" in sound.stdout
    (folder / "policy.yaml").write_text(
        "rules:\n- name: quick\n  action: job_run:rollback\n  approvers: [owner]\n"
        "  min_approvals: 0\n"
    )
    none = triagebot(folder, "policy", "lint", str(folder))
    assert none.returncode == 2
    assert (
        "policy.yaml line 5: rules[0].min_approvals: nothing runs without a human's approval"
        in none.stderr
    )
    assert triagebot(folder, "check", TRIAGE_RUNBOOKS=str(folder)).returncode == 2
