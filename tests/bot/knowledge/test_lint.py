import pytest
from pydantic import JsonValue

from bot.knowledge.lint import ToolInfo, problems
from tests.bot.knowledge.situations import a_runbook

QUERY: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"query": {"type": "string"}},
    "required": ["query"],
    "additionalProperties": False,
}
TOOLS = {
    "prometheus_query": ToolInfo("read", QUERY, ("value", "series")),
    "http_probe": ToolInfo("read", {"type": "object"}),
    "job_run": ToolInfo("action", {"type": "object"}),
}
JOBS: list[dict[str, JsonValue]] = [
    {"name": "rollback", "params": {"version": {"type": "string", "enum": ["v41"]}}}
]
SOUND = """
diagnose: [{id: errors, tool: prometheus_query, args: {query: up}}]
outcomes: [{name: o, when: {fact: errors.value, op: gt, value: 1}, conclude: c, propose: act}]
actions:
- id: act
  tool: job_run
  args: {job: rollback, params: {version: v41}}
  reason: "${errors.series} series"
  verify: [{title: v, tool: prometheus_query, args: {query: up}, expect: {fact: value, value: 1}}]
"""


def test_a_runbook_that_fits_has_no_problem() -> None:
    assert problems([a_runbook(SOUND)], TOOLS, JOBS) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("prometheus_query, args: {query: up}}]\no", "nothing}]\no", "there is no tool 'nothing'"),
        ("{id: errors, tool: prometheus_query", "{id: errors, tool: job_run", "of kind action"),
        ("args: {query: up}}]\no", "args: {qury: up}}]\no", "qury: is not an argument"),
        ("errors.value", "errors.valu", "errors.valu: prometheus_query gives value, series"),
        ("errors.series", "errors.seres", "action act: errors.seres"),
        ("fact: value, value", "fact: worth, value", "expect worth: prometheus_query gives"),
        ("tool: job_run", "tool: http_probe", "http_probe is a tool of kind read"),
        ("job: rollback", "job: restart", "there is no job 'restart' in jobs.yaml"),
        ("job: rollback", 'job: "${labels.job}"', "the job must be written out"),
        ("version: v41}", "version: v42}", "job rollback: version: must be one of v41"),
        ("version: v41}", "versio: v41}", "job rollback: args: version is missing"),
        (", propose: act", "", "action act: no outcome proposes it"),
    ],
)
def test_what_does_not_fit_is_a_problem(old: str, new: str, words: str) -> None:
    text = SOUND.replace(old, new, 1)
    assert text != SOUND
    found = problems([a_runbook(text)], TOOLS, JOBS)
    assert words in "\n".join(found)
    assert all(problem.startswith("errors.md: ") for problem in found)


def test_without_any_job_declared_jobs_are_not_looked_for() -> None:
    assert problems([a_runbook(SOUND)], TOOLS) == []


def test_two_runbooks_of_one_name_are_a_problem() -> None:
    assert problems([a_runbook(), a_runbook()], TOOLS) == [
        "two runbooks are named 'errors'; rename one"
    ]
