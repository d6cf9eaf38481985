"""What README.md, .env.example and CHANGELOG.md promise is true of the code beside them."""

import json
import os
import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest
import yaml

from bot.app.check import configuration
from bot.app.policy_table import tried
from bot.errors import ConfigError
from bot.logs import FIELDS
from bot.settings import SHIPPED_RUNBOOKS, Settings, load_settings
from tests.peers import peer
from tests.reference import (
    ENV_EXAMPLE,
    README,
    ROOT,
    commands,
    env_example,
    every_setting,
    hook_settings,
    renewed,
)

TEXT = README.read_text()
PATHS = re.compile(r"(?:bot|channels|tools|runbooks|tests)/[\w./-]*\w/?")
FIGURE = re.compile(r"\d\s*(?:\u00d7|%|ms\b|MB\b|MiB\b|times\b|/s\b|per second)|\b\d+x\b")
LATER = re.compile(r"later: \w.+")
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


def section(title: str) -> str:
    found = re.search(rf"^(#+) {title}\n(.*?)(?=^##? |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found is not None, f"README.md has no section {title!r}"
    return found[2]


def blocks(title: str = "") -> dict[str, str]:
    """Return the fenced blocks by their title, without the indentation of their list."""
    fence = re.compile(r"^( *)```\w+ title=(\S+)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
    found = {name: textwrap.dedent(body) for _, name, body in fence.findall(TEXT)}
    return {name: body for name, body in found.items() if name.endswith(title)}


def table(heading: str) -> list[list[str]]:
    """Return the rows of the table whose first column has this heading."""
    found = re.search(rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    assert found is not None, f"README.md has no table {heading!r}"
    rows = str(found[1]).splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment in which nothing of ours is set."""
    names = {one.name for one in every_setting()}
    for name in os.environ:
        if name.startswith("TRIAGE_") or name.removesuffix("_FILE") in names:
            monkeypatch.delenv(name)
    return monkeypatch


def test_s4_3a_the_generated_parts_are_what_the_code_says() -> None:
    assert renewed(TEXT) == TEXT, "run: python -m tests.reference"


def test_env_example_is_what_the_code_says() -> None:
    assert ENV_EXAMPLE.read_text() == env_example(), "run: python -m tests.reference"


def test_env_example_gives_every_setting_its_own_default(bare: pytest.MonkeyPatch) -> None:
    bare.chdir(ROOT)
    before = Settings()
    pairs = re.findall(r"^# ([A-Z_]+)=(.*)$", ENV_EXAMPLE.read_text(), re.MULTILINE)
    for name, value in pairs:
        assert not re.search(r"[\s'\"$`\\;&|<>#]", value), f"{name} is not safe in a shell"
        bare.setenv(name, value)
    after = load_settings({one.name for one in hook_settings()})
    assert after.runbooks.resolve() == SHIPPED_RUNBOOKS
    same = {"runbooks": SHIPPED_RUNBOOKS}
    assert after.model_copy(update=same) == before.model_copy(update=same)
    assert len(pairs) == len({name for name, _ in pairs})


def test_env_example_names_no_setting_that_is_not_there(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("TRIAGE_NOT_THERE", "1")
    with pytest.raises(ConfigError, match="TRIAGE_NOT_THERE"):
        load_settings({one.name for one in hook_settings()})


def test_s0_58_the_four_kinds_of_text_are_kept_apart() -> None:
    assert re.findall(r"^## (.+)$", TEXT, re.MULTILINE) == [
        "Tutorial",
        "How to",
        "Reference",
        "Explanation",
    ]


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Not for you if", "you want an agent that acts by itself"),  # S3-34
        ("Environments and processes", "a release is a tag"),  # S4-1b, S4-8b
        ("Credits and licence", "12-Factor AgentOps"),  # S0-64
        ("The model chooses, code owns", "| nothing else |"),  # S2-07
        ("How to", "One JSON object a line on stdout"),  # S4-11c
        ("Ten minutes on your own alerts", "The preview calls the target"),
    ],
)
def test_what_others_asked_the_readme_to_say_is_there(title: str, words: str) -> None:
    assert words in section(title)


@pytest.mark.parametrize(
    ("heading", "numbers"),
    [
        ("12-Factor Agents", [str(number) for number in range(1, 14)]),
        ("12-Factor AgentOps (v2)", list(ROMAN)),
    ],
)
def test_s0_45_each_factor_has_its_file_and_test_or_says_what_it_waits_for(
    heading: str, numbers: list[str]
) -> None:
    rows = table(heading)
    assert [name.split()[0] for name, _, _ in rows] == numbers
    for name, file, test in rows:
        if LATER.fullmatch(file):
            assert test == "", name
            continue
        assert ROOT.joinpath(file.strip("`")).is_file(), f"{name}: {file}"
        assert re.search(r"^(async )?def test_", source(test), re.MULTILINE), f"{name}: {test}"


def source(cell: str) -> str:
    return ROOT.joinpath(cell.strip("`")).read_text()


def test_every_threat_is_tried_by_a_test() -> None:
    for threat, _, test in table("if"):
        assert re.search(r"^\s*(async )?def test_", source(test), re.MULTILINE), threat


def test_every_path_that_is_named_exists() -> None:
    named = {path for text in (TEXT, *changes()) for path in PATHS.findall(text)}
    assert {path for path in named if not ROOT.joinpath(path).exists()} == set()
    assert len({path for path in named if path.startswith("tests/recipes/")}) > 5


def test_every_command_that_is_named_exists() -> None:
    first = {name.split()[0] for name in commands()}
    said = set(re.findall(r"(?:`|^\s*|&& )(?:\.venv/bin/)?triagebot (\w+)", TEXT, re.MULTILINE))
    assert said - first == set()
    assert {"check", "serve", "fire", "replay", "pause"} <= said


def test_every_target_that_is_named_exists() -> None:
    makefile = ROOT.joinpath("Makefile").read_text()
    for target in re.findall(r"(?:`|^)make (\w+)", TEXT, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def changes() -> list[str]:
    return [ROOT.joinpath("CHANGELOG.md").read_text()]


def test_s0_44_no_figure_without_the_command_that_prints_it() -> None:
    for text in (TEXT, *changes()):
        for line in text.splitlines():
            assert not FIGURE.search(line) or "make bench" in line, line


def test_g12_the_line_that_is_shown_has_the_fields_of_a_line() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", section("How to"), re.DOTALL)
    names = set(json.loads(shown))
    assert names <= {"ts", "level", "event", "logger", *FIELDS}
    assert {"incident", "seq", "correlation"} <= names


def test_ten_minutes_lead_to_a_bot_that_may_act(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    shutil.copytree(SHIPPED_RUNBOOKS, folder)
    for name, body in blocks(".yaml").items():
        folder.joinpath(name).write_text(body)
    bare.setenv("TRIAGE_RUNBOOKS", str(folder))
    for name in ("TRIAGE_HOOK_ALERTMANAGER", "TRIAGE_HOOK_CHANGE", "JOB_ROLLBACK_TOKEN"):
        bare.setenv(name, "a-long-random-word")
    lines, sound = configuration()
    assert sound, lines
    assert not any("READ-ONLY" in line or "nobody" in line for line in lines)


def test_the_shipped_runbooks_propose_the_job_of_the_tutorial() -> None:
    (job,) = yaml.safe_load(blocks()["jobs.yaml"])["jobs"]
    (rule,) = yaml.safe_load(blocks()["policy.yaml"])["rules"]
    assert rule["action"] == f"job_run:{job['name']}"
    shipped = [path.read_text() for path in SHIPPED_RUNBOOKS.glob("*.md")]
    assert any(f"job: {job['name']}" in text for text in shipped)


def test_the_cases_hold_on_the_rules_and_the_people_beside_them(tmp_path: Path) -> None:
    for name in ("policy.yaml", "people.yaml", "cases.yaml"):
        tmp_path.joinpath(name).write_text(blocks()[f"rules-{Path(name).stem}.yml"])
    tmp_path.joinpath("services.yaml").write_text(
        "services: [{name: blog, owner: sre, environment: staging, tier: 3}, {name: postgres}]"
    )
    lines, held = tried(tmp_path / "cases.yaml", tmp_path)
    assert held, lines
    assert "3" in lines[-1]


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("alertmanager.yml", ("amtool", "check-config")),
        ("prometheus.yml", ("promtool", "check", "config")),
    ],
)
def test_the_snippets_for_peers_are_what_they_read(
    tmp_path: Path, title: str, words: tuple[str, ...]
) -> None:
    program = peer(words[0])
    tmp_path.joinpath("triagebot.token").write_text("x")
    file = tmp_path / title
    file.write_text(blocks()[title])
    done = subprocess.run(
        [program, *words[1:], str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_changelog_has_the_headings_of_its_form() -> None:
    (text,) = changes()
    assert re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)[0] == "Unreleased"
    allowed = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= allowed
