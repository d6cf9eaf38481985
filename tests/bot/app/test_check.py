import re
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from pydantic import BaseModel, ConfigDict

from bot.app.check import configuration, declared_variables, lint_folder
from bot.app.readiness import gate_problems
from bot.demo.stage import write_knowledge
from bot.errors import ConfigError
from bot.incident.model import Value
from bot.knowledge.library import Knowledge, gather
from bot.settings import Settings, variable
from bot.store.db import open_database
from tools.write import ACTIONS

RULE = "rules: [{name: r, action: '%s', approvers: ['group:sre']}]\n"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_shipped_configuration_can_start_and_says_read_only() -> None:
    lines, sound = configuration()
    assert sound, "\n".join(lines)
    text = "\n".join(lines)
    assert "READ-ONLY" in text
    assert "TRIAGE_HOOK_ALERTMANAGER is not set" in text
    assert lines[-1] == "check: the bot can start"


def test_g04_the_settings_of_adapters_are_shown_without_their_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROMETHEUS_URL", "http://prometheus.example:9090/")
    monkeypatch.setenv("PROMETHEUS_TOKEN", "s3cret-canary")
    text = "\n".join(configuration()[0])
    assert re.search(r"PROMETHEUS_URL +http://prometheus.example:9090$", text, re.MULTILINE)
    assert re.search(r"PROMETHEUS_TOKEN +\*\*\*$", text, re.MULTILINE)
    assert "s3cret-canary" not in text


def test_the_database_is_named_and_tried(
    monkeypatch: pytest.MonkeyPatch, postgresql_url: str
) -> None:
    assert "triagebot.db, made at the first start" in "\n".join(configuration()[0])
    open_database("sqlite:///triagebot.db").close()
    assert "triagebot.db, up to date" in "\n".join(configuration()[0])
    monkeypatch.setenv("DATABASE_URL", postgresql_url)
    lines, sound = configuration()
    assert sound, "\n".join(lines)
    assert re.search(
        r"^note +database: PostgreSQL 18.*, up to date$", "\n".join(lines), re.MULTILINE
    )
    monkeypatch.setenv("DATABASE_URL", "postgresql://bot:s3cret-canary@127.0.0.1:1/bot")
    lines, sound = configuration()
    assert not sound
    text = "\n".join(lines)
    assert "PostgreSQL at 127.0.0.1:1 will not do" in text
    assert "s3cret-canary" not in text


def test_a_typo_in_the_environment_fails_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_RUNBOOK", "x")
    lines, sound = configuration()
    assert not sound
    assert any("did you mean TRIAGE_RUNBOOKS?" in line for line in lines)


def test_a_broken_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("rules: 3\n")
    monkeypatch.setenv("TRIAGE_RUNBOOKS", str(tmp_path))
    monkeypatch.setenv("TRIAGE_HOOK_SHOP", "a door's secret, which hooks.yaml would have named")
    lines, sound = configuration()
    assert not sound
    assert any("policy.yaml" in line for line in lines)
    assert not any("no such setting" in line for line in lines)


def test_the_secrets_of_hooks_are_known_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_knowledge(tmp_path, "http://127.0.0.1:9")
    monkeypatch.setenv("TRIAGE_RUNBOOKS", str(tmp_path))
    monkeypatch.setenv("TRIAGE_HOOK_CHANGE", "s3cret-canary")
    monkeypatch.setenv("SHOP_ROLLBACK_TOKEN", "t")
    assert "TRIAGE_HOOK_CHANGE" in declared_variables()
    lines, sound = configuration()
    assert sound, "\n".join(lines)
    assert "s3cret-canary" not in "\n".join(lines)


def test_a_job_without_its_secret_is_a_problem_with_its_mend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_knowledge(tmp_path, "http://127.0.0.1:9")
    monkeypatch.setenv("TRIAGE_RUNBOOKS", str(tmp_path))
    lines, sound = configuration()
    assert not sound
    assert any("SHOP_ROLLBACK_TOKEN is not set" in line for line in lines)


def test_a_runbook_that_names_no_tool_is_found(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text(
        "---\nmatch: ['alertname=\"X\"']\ndiagnose: [{id: a, tool: no_such}]\n---\n# X\n"
    )
    assert any("no_such" in problem for problem in lint_folder(tmp_path))


def test_routes_that_name_no_tool_are_found_and_a_broken_one_is_not_loaded(tmp_path: Path) -> None:
    routes = tmp_path / "routes.yaml"
    routes.write_text("rules: [{name: a, tools: [http_probe, evidence_read, no_such]}]\n")
    (problem,) = lint_folder(tmp_path)
    assert problem.startswith("routes.yaml: rule 'a': tools: there is no tool 'no_such'; there is ")
    routes.write_text("rules: [{name: a, specialist: oracle}]\n")
    with pytest.raises(ConfigError, match=r"routes.yaml line 1: rules\[0\].specialist"):
        lint_folder(tmp_path)


def test_a_folder_that_is_not_there_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="TRIAGE_RUNBOOKS"):
        lint_folder(tmp_path / "none")


def knowledge(policy: str, jobs: str = "jobs: []\n") -> Knowledge:
    return gather({"policy.yaml": policy.encode(), "jobs.yaml": jobs.encode()})


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("*", "enables every action"),
        ("no_such", "there is no action 'no_such'"),
        ("job_run:restart", "there is no job 'restart'"),
    ],
)
def test_law10_a_rule_for_nothing_is_a_problem(action: str, said: str) -> None:
    assert any(said in problem for problem in gate_problems(knowledge(RULE % action)))


def test_law10_a_half_declared_job_may_not_be_enabled() -> None:
    half = "jobs: [{name: restart, url: 'https://x.example/run', title: Restart}]\n"
    problems = gate_problems(knowledge(RULE % "job_run:restart", half))
    ending = half.replace("}]", ", preview: none, verify: [x], ends: It comes up.}]")
    assert gate_problems(knowledge(RULE % "job_run:restart", ending)) == []
    for lacking in ("preview", "verify", "undo"):
        assert any(f"declares no {lacking}" in problem for problem in problems)


def test_law10_an_action_of_our_own_says_what_it_promises() -> None:
    ours = knowledge(RULE % "alertmanager_silence")
    assert gate_problems(ours) == []
    silent = replace(ACTIONS["alertmanager_silence"], assurance=None)
    (problem,) = gate_problems(ours, {silent.name: silent})
    assert problem.startswith(
        "policy.yaml: rule 'r': action alertmanager_silence promises no preview (or none)"
    )


class OpenArgs(BaseModel):
    model_config = ConfigDict(extra="allow")


def test_law10_an_action_that_takes_anything_may_not_be_enabled() -> None:
    loose = replace(ACTIONS["alertmanager_silence"], args=cast("type[Value]", OpenArgs))
    (problem,) = gate_problems(knowledge(RULE % loose.name), {loose.name: loose})
    assert "takes arguments it does not name" in problem


def test_law10_every_action_on_the_shelf_has_an_assurance() -> None:
    assert [name for name, tool in ACTIONS.items() if tool.assurance is None] == []


def test_law10_the_demo_enables_one_whole_action(tmp_path: Path) -> None:
    write_knowledge(tmp_path, "http://127.0.0.1:9")
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert gate_problems(gather(files)) == []


def test_a_schedule_that_tries_nothing_is_noted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRIAGE_EVAL_SCHEDULE", "24h")
    assert "TRIAGE_EVALS names no folder of scenarios" in "\n".join(configuration()[0])
    monkeypatch.setenv("TRIAGE_EVALS", str(tmp_path))
    lines, sound = configuration()
    assert sound
    assert "nothing is tried: LLM_MODEL names no model" in "\n".join(lines)
    monkeypatch.setenv("TRIAGE_EVAL_SCHEDULE", "daily")
    assert not configuration()[1]
