"""F-07 at the wire: what leaves to a model holds no secret, whoever let it in and wherever."""

import json
from pathlib import Path
from typing import Any

from bot.agent.llm_settings import LlmSettings
from bot.agent.prompt_files import read_prompts
from bot.evaluation.minds import LooseBook, mind_of
from bot.evaluation.playing import Played, play
from bot.evaluation.suite import read_suite
from bot.incident.facts_run import StepChosen
from bot.settings import Settings
from tests.bot.agent.llm.asking import opened, variables
from tests.bot.knowledge.redact_corpus import Positive, positives
from tests.llm_server import language_server, says
from tests.llm_wire import Asked, Turn

PLACES = ("summary", "note", "result", "fact", "failed", "said", "runbook", "owner")
"""Where a secret is planted: the alert, a label, results, words of a person, the team's files."""


def one_of_each() -> list[Positive]:
    """The first secret of every family of the corpus."""
    found: dict[str, Positive] = {}
    for positive in positives():
        found.setdefault(positive.family, positive)
    return list(found.values())


def dealt() -> dict[str, list[Positive]]:
    """The secrets, dealt out over the places."""
    return {place: one_of_each()[number :: len(PLACES)] for number, place in enumerate(PLACES)}


def lines(place: str) -> str:
    return "\n".join(one.text for one in dealt()[place])


def scenario(folder: Path) -> Path:
    """Write an incident in which every text from outside and of the team holds secrets."""
    place = folder / "leaky"
    (place / "knowledge").mkdir(parents=True)
    book = '---\nmatch:\n  - alertname="Leaky"\n---\n# Leaky\n\n' + lines("runbook")
    (place / "knowledge" / "leaky.md").write_text(book)
    services = {"services": [{"name": "checkout", "title": lines("owner")}]}
    people = {"people": [{"name": "dana", "identities": ["web:dana"]}]}
    (place / "knowledge" / "people.yaml").write_text(json.dumps(people))
    (place / "knowledge" / "services.yaml").write_text(json.dumps(services))
    told: dict[str, Any] = {
        "title": "Secrets everywhere",
        "alerts": [
            {
                "title": "Leaky",
                "service": "checkout",
                "labels": {"alertname": "Leaky", "service": "checkout", "note": lines("note")},
                "annotations": {"summary": lines("summary")},
            }
        ],
        "results": [
            {
                "tool": "log_search",
                "summary": lines("result"),
                "facts": {"line": lines("fact")},
                "body": {"lines": [one.text for one in dealt()["result"]]},
            },
            {"tool": "trace_search", "error": lines("failed")},
        ],
        "tools": [{"name": "log_search"}, {"name": "trace_search"}],
        "happens": [{"say": f"ask INC what of this? {' '.join(lines('said').split())}"}],
        "expect": {},
    }
    (place / "scenario.yaml").write_text(json.dumps(told))
    return place


def chooses(asked: Asked) -> Turn:
    """Look with both tools, then end; a question is answered."""
    branches = json.dumps(asked.schema)
    for tool in ("log_search", "trace_search"):
        if f"tool.{tool}" not in asked.prompt and f"tool={tool}" not in asked.prompt:
            calls: list[dict[str, Any]] = [{"tool": tool, "args": {}}]
            return says(json.dumps({"step": {"kind": "call_tools", "calls": calls}}))
    outcome = "answered" if '"answered"' in branches else "not_enough_evidence"
    step: dict[str, Any] = {"kind": "conclude", "outcome": outcome, "summary": "Seen."}
    if "findings" in branches:
        step["findings"] = []
    return says(json.dumps({"step": step}))


async def played(folder: Path) -> tuple[Played, list[Asked]]:
    (case,) = read_suite(scenario(folder))
    async with (
        language_server(chooses) as server,
        opened("openai:some-model", variables(server)) as model,
    ):
        made = await play(
            case,
            Settings(),
            lambda bot: mind_of(
                model,
                read_prompts(),
                LooseBook(),
                bot.world.clock,
                LlmSettings(window_tokens=200_000),
            ),
        )
    return made, server.asked


async def test_f07_no_secret_leaves_to_a_model_wherever_it_stood(tmp_path: Path) -> None:
    made, asked = await played(tmp_path)
    chosen = [one.body for one in made.events if isinstance(one.body, StepChosen)]
    assert made.faults == ()
    assert {one.by for one in chosen} == {"openai:some-model"}
    assert len(asked) >= 4
    told = asked[-1].prompt
    for place, planted in dealt().items():
        for one in planted:
            for request in asked:
                raw = json.dumps(request.body, ensure_ascii=False)
                assert one.secret not in raw, f"{one.family} of {place}"
                assert one.secret.replace(" ", "^") not in raw, f"{one.family} of {place}"
    for origin in ("alert", "tool.log_search", "catalogue", "runbook"):
        assert f"source={origin}" in told
    assert told.count("\u2039secret:") > len(PLACES)
