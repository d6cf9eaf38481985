import json
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.evaluation.suite import lay_out, read_suite
from tests.bot.evaluation.suites import ALERT, EVALS, write


def test_a_suite_is_its_folders_that_hold_a_scenario_sorted_by_name(tmp_path: Path) -> None:
    write(tmp_path, {"b/scenario.yaml": ALERT, "a/scenario.yaml": ALERT, "c/notes.txt": "x"})
    assert [case.name for case in read_suite(tmp_path)] == ["a", "b"]


def test_one_scenarios_own_folder_is_a_suite_with_the_knowledge_beside_it(tmp_path: Path) -> None:
    write(tmp_path, {"one/scenario.yaml": ALERT, "knowledge/services.yaml": "services: []"})
    (case,) = read_suite(tmp_path / "one")
    assert (case.name, case.knowledge) == ("one", (tmp_path / "knowledge",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: t\nalert: []\n", "line 2: alert: is not a key I know"),
        ("alerts: [{title: x}]\n", "title: is missing"),
        (
            "title: t\nalerts:\n  - title: x\n    status: burning\n",
            "line 4: alerts[0].status: input should be 'firing' or 'resolved'",
        ),
        ("title: t\n", "either alerts or a webhook"),
        (
            ALERT + "happens: [{resolved: true, deny: because it is so}]\n",
            "happens[0]: value error, exactly one of",
        ),
        (ALERT + "at: 2025-03-01T12:00:00\n", "at names no time zone"),
        (ALERT + "expect: {outcome: solved}\n", "expect.outcome[0]: input should be"),
        ("title: [\n", "scenario.yaml line"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_field(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, {"one/scenario.yaml": text})
    with pytest.raises(ConfigError) as error:
        read_suite(tmp_path)
    assert f"{tmp_path}/one/scenario.yaml" in str(error.value)
    assert said in str(error.value)


def test_results_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    more = {"results": [{"tool": "http_probe", "summary": "third"}]}
    write(
        tmp_path,
        {
            "one/scenario.yaml": ALERT + "results: [{tool: http_probe, summary: first}]\n",
            "one/results/big.yaml": "results: [{tool: http_probe, summary: second}]",
            "one/results/bigger.json": json.dumps(more),
        },
    )
    (case,) = read_suite(tmp_path)
    assert [one.summary for one in case.scenario.results] == ["first", "second", "third"]


def test_a_folder_without_scenarios_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no folder in it holds a scenario\.yaml"):
        read_suite(tmp_path)
    with pytest.raises(ConfigError, match="there is no such folder"):
        read_suite(tmp_path / "none")


def test_a_scenarios_knowledge_lies_over_the_suites_and_that_over_the_teams(
    tmp_path: Path,
) -> None:
    team = write(tmp_path / "team", {"a.md": "team", "b.md": "team", "c.md": "team"})
    suite = write(
        tmp_path / "suite",
        {
            "knowledge/b.md": "suite",
            "knowledge/c.md": "suite",
            "one/scenario.yaml": ALERT,
            "one/knowledge/c.md": "one",
        },
    )
    (case,) = read_suite(suite)
    lay_out(team, case, tmp_path / "out")
    said = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    assert said == {"a.md": "team", "b.md": "suite", "c.md": "one"}


def test_missing_knowledge_of_the_team_is_said(tmp_path: Path) -> None:
    (case,) = read_suite(write(tmp_path, {"one/scenario.yaml": ALERT}))
    with pytest.raises(ConfigError, match="this knowledge cannot be read"):
        lay_out(tmp_path / "none", case, tmp_path / "out")


def test_the_shipped_suite_has_at_least_fifteen_scenarios_that_say_what_is_right() -> None:
    cases = read_suite(EVALS)
    assert len(cases) >= 15
    assert all(not case.scenario.draft for case in cases)
    assert all(case.scenario.expect.outcome or case.scenario.expect.cause for case in cases)
