"""`routes.yaml`: what may stand in it, and what is said about what may not."""

import pytest

from bot.errors import ConfigError
from bot.knowledge.library import gather
from bot.knowledge.routes import AllowList, Route, Routing, parse, route_problems, toolless
from tests.bot.engine.making import RUNBOOK


def test_an_absent_file_sends_everything_to_the_generalist_and_allows_all() -> None:
    routes = gather({}).routes
    assert routes == Routing()
    assert routes.allow.lets_use("anything")
    assert routes.allow.lets_name("anything")


def test_the_file_is_part_of_the_knowledge_and_its_digest_is_kept() -> None:
    text = b"rules:\n  - {name: all, specialist: deploy_regression, max_steps: 4}\n"
    known = gather({"routes.yaml": text})
    assert known.routes.rules == (Route(name="all", specialist="deploy_regression", max_steps=4),)
    assert len(known.digests["routes.yaml"]) == 64
    assert gather({"routes.yaml": b"\n"}).routes == Routing()


BROKEN = {
    "rules: [{name: a, specialist: oracle}]": "specialist: input should be 'generalist' or",
    "rules: [{name: a, tool: [x]}]": "tool: is not a key I know",
    "rules: [{specialist: generalist}]": "rules[0].name: is missing",
    "rules: [{name: a, max_steps: 11}]": "max_steps: input should be less than or equal to 10",
    "rules: [{name: a, changed_within: soon}]": "changed_within: 'soon': write how long, as 30m",
    "rules: [{name: a, match: ['x==\"']}]": "match:",
    "rules: [{name: a, match: ['x=\"1\"']}, {name: a}]": "another rule has this name",
    "rules: [{name: a}, {name: b}]": "is never reached: the rule 'a' before it has no condition",
    f"rules: [{{name: a, tools: [{', '.join('abcdefghijklm')}]}}]": "at most 12 items",
    "allow: {tool: [x]}": "allow.tool: is not a key I know",
}


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_wrong_is_said_with_its_line(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("routes.yaml", text)
    assert "routes.yaml line 1" in str(caught.value)
    assert BROKEN[text] in str(caught.value)


def test_what_names_nothing_that_exists_is_told() -> None:
    routes = Routing(
        rules=(Route(name="r", tools=("changes_recent", "shell")),),
        allow=AllowList(tools=("changes_recent", "rm"), services=("checkout", "nowhere")),
    )
    told = route_problems(routes, {"changes_recent"}, {"checkout"}, ())
    assert told == [
        "routes.yaml: allow.tools: there is no tool 'rm'; there is changes_recent",
        "routes.yaml: allow.services: there is no service 'nowhere'; there is checkout",
        "routes.yaml: rule 'r': tools: there is no tool 'shell'; there is changes_recent",
    ]


def test_an_allow_list_that_takes_a_runbooks_tools_away_is_told() -> None:
    routes = Routing(allow=AllowList(tools=("job_run",)))
    (told,) = route_problems(routes, {"job_run", "http_probe"}, set(), (RUNBOOK,))
    assert told == (
        "routes.yaml: allow.tools leaves out http_probe, which bad-deploy.md uses in diagnose state"
    )


def test_a_rule_that_leaves_no_tool_to_look_with_is_told() -> None:
    rules = (Route(name="acts", tools=("job_run",)), Route(name="looks", tools=("http_probe",)))
    (told,) = toolless(Routing(rules=rules), {"http_probe", "changes_recent"})
    assert told == (
        "routes.yaml: rule 'acts': tools, with allow.tools, leaves no configured tool to look "
        "with: such an investigation can only end without evidence"
    )
    allow = AllowList(tools=("changes_recent",))
    assert len(toolless(Routing(rules=rules, allow=allow), {"http_probe", "changes_recent"})) == 2
    assert toolless(Routing(rules=rules[1:]), {"http_probe"}) == []


def test_an_allow_list_without_a_tool_to_look_with_is_told_once() -> None:
    rules = (Route(name="looks", tools=("http_probe",)),)
    (told,) = toolless(Routing(rules=rules, allow=AllowList(tools=())), {"http_probe"})
    assert told.startswith("routes.yaml: allow.tools leaves no configured tool to look with")
