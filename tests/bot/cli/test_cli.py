"""The command line as a stranger meets it: a process, its output, its exit code."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.incident.commands import WORDS
from bot.intake.sources import SOURCES

PROGRAM = Path(sys.executable).with_name("triagebot")


def triagebot(folder: Path, *words: str, given: str = "", **env: str):
    kept = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    return subprocess.run(
        [str(PROGRAM), *words],
        cwd=folder,
        env={**kept, **env},
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_word_of_the_grammar(tmp_path: Path) -> None:
    done = triagebot(tmp_path, "--help")
    assert done.returncode == 0
    here = {"help", "link", "timeline"}
    for word in WORDS:
        assert word.name in here or f"  {word.name}" in done.stdout, word.name
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_command_suggests_and_exits_2(tmp_path: Path) -> None:
    done = triagebot(tmp_path, "aprove")
    assert done.returncode == 2
    assert "approve" in done.stderr


def test_check_passes_on_a_fresh_folder_and_writes_nothing(tmp_path: Path) -> None:
    done = triagebot(tmp_path, "check")
    assert done.returncode == 0, done.stdout
    assert "check: the bot can start" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_check_fails_on_a_typo(tmp_path: Path) -> None:
    done = triagebot(tmp_path, "check", TRIAGE_TYPO="1")
    assert done.returncode == 2
    assert "TRIAGE_TYPO: no such setting" in done.stdout


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_parse_prints_alerts_in_the_promised_order(tmp_path: Path, source: str) -> None:
    file = tmp_path / "body.json"
    file.write_text(json.dumps(SOURCES[source].example(datetime.now(UTC))))
    done = triagebot(tmp_path, "parse", source, str(file))
    assert done.returncode == 0, done.stderr
    (alert, *_) = json.loads(done.stdout)
    assert list(alert) == [
        "source",
        "fingerprint",
        "status",
        "title",
        "severity",
        "service",
        "labels",
        "annotations",
        "starts_at",
        "ends_at",
        "links",
    ]
    assert alert["source"] == source
    assert alert["severity"] in {"critical", "high", "warning", "info", "unknown"}


def test_parse_of_an_authentic_payload_without_alert_is_an_empty_array(tmp_path: Path) -> None:
    body = json.dumps({"version": "4", "status": "firing", "alerts": [], "groupKey": "{}"})
    done = triagebot(tmp_path, "parse", "alertmanager", "-", given=body)
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


@pytest.mark.parametrize("garbage", ["", "{", "[1, 2", "hello", '{"alerts": 3}'])
def test_parse_of_garbage_exits_2_with_a_reason(tmp_path: Path, garbage: str) -> None:
    done = triagebot(tmp_path, "parse", "alertmanager", "-", given=garbage)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("triagebot: ")
    assert "Traceback" not in done.stderr


def test_parse_of_an_unknown_source_lists_the_known_ones(tmp_path: Path) -> None:
    done = triagebot(tmp_path, "parse", "nagios", "-", given="{}")
    assert done.returncode == 2
    assert "alertmanager" in done.stderr


@pytest.mark.parametrize("words", [("list",), ("stats",), ("show", "INC-1"), ("replay", "INC-1")])
def test_reading_without_a_database_says_what_to_do(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = triagebot(tmp_path, *words)
    assert done.returncode == 2
    assert "start the bot, or set DATABASE_URL" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_steering_without_a_bot_says_what_to_do(tmp_path: Path) -> None:
    assert "start the bot once" in triagebot(tmp_path, "approve", "P-7F3K").stderr
    token = tmp_path / "triagebot.token"
    token.touch(mode=0o600)
    token.write_text("t")
    done = triagebot(tmp_path, "approve", "P-7F3K", PORT="9")
    assert done.returncode == 2
    assert "no bot answers at http://127.0.0.1:9" in done.stderr


def test_migrate_makes_the_database_and_is_idempotent(tmp_path: Path) -> None:
    for _ in range(2):
        done = triagebot(tmp_path, "migrate")
        assert done.returncode == 0, done.stderr
    assert triagebot(tmp_path, "list").stdout == "No incident is open.\n"
    assert triagebot(tmp_path, "audit", "verify").returncode == 0


def test_s002_stats_of_a_bot_that_did_nothing_yet_says_so_and_counts_every_week(
    tmp_path: Path,
) -> None:
    assert triagebot(tmp_path, "migrate").returncode == 0
    done = triagebot(tmp_path, "stats")
    assert (done.returncode, done.stdout) == (
        0, "Nothing was proposed or concluded in the last 8 weeks.\n",
    )  # fmt: skip
    told = json.loads(triagebot(tmp_path, "stats", "--weeks", "3", "--json").stdout)
    assert [week["proposed"] for week in told["weeks"]] == [0, 0, 0]
    assert triagebot(tmp_path, "stats", "--weeks", "0").returncode == 2


def test_the_shipped_runbooks_pass_the_lint(tmp_path: Path) -> None:
    done = triagebot(tmp_path, "runbook", "lint")
    assert done.returncode == 0, done.stdout
