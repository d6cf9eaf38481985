from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.evaluation.recording import scenario_text, write_scenario
from bot.evaluation.scoring import score
from bot.evaluation.suite import read_suite
from bot.incident.events import Event
from bot.incident.facts_alerts import ConclusionJudged
from bot.incident.facts_run import ConclusionReached
from bot.incident.model import Judgement
from bot.ports import Evidence
from tests.bot.evaluation.suites import EVALS, KNOWLEDGE, case, played


class Swept:
    """An evidence store that retention has been through."""

    async def put(self, evidence: Evidence) -> str:
        return evidence.id

    async def get(self, identifier: str) -> Evidence | None:
        return None


async def thread(name: str = "bad-deploy") -> tuple[Event, ...]:
    (one,) = read_suite(EVALS / name)
    return (await played(one)).events


def judged(events: Sequence[Event], verdict: Judgement, note: str = "") -> list[Event]:
    fact = ConclusionJudged(person="dana", verdict=verdict, note=note)
    return [*events, replace(events[-1], seq=events[-1].seq + 1, body=fact)]


async def replayed(folder: Path, events: Sequence[Event]):
    write_scenario(folder, "INC-1", await scenario_text(events, Swept()))
    (one,) = read_suite(folder)
    return one, score(await played(replace(one, knowledge=(KNOWLEDGE,))))


async def test_a_recorded_incident_plays_as_it_went(tmp_path: Path) -> None:
    events = await thread()
    one, scored = await replayed(tmp_path, judged(events, "right"))
    assert one.name == "inc-1"
    assert one.scenario.draft == ""
    assert scored.passed, scored.reasons
    assert scored.missed == ()
    assert scored.decided[-1] == "conclude cause_found"
    assert one.scenario.expect.cause == (("v42",), ("maria",), ("deploy",))
    assert one.scenario.expect.outcome == ("cause_found",)


async def test_an_answer_to_a_question_is_not_what_the_scenario_expects(tmp_path: Path) -> None:
    events = await thread()
    answer = ConclusionReached(
        summary="maria asked the weather", findings=(), by="m", outcome="answered", question="hm?"
    )
    asked = [*events, replace(events[-1], seq=events[-1].seq + 1, body=answer)]
    one, _ = await replayed(tmp_path, judged(asked, "right"))
    assert one.scenario.expect.outcome == ("cause_found",)
    assert "weather" not in one.scenario.note


async def test_what_nobody_judged_is_a_draft_with_what_to_do(tmp_path: Path) -> None:
    one, scored = await replayed(tmp_path, await thread())
    assert one.scenario.draft.startswith("Nobody judged the conclusion.")
    assert scored.draft == one.scenario.draft


async def test_what_was_judged_wrong_says_so_and_does_not_expect_it_again(tmp_path: Path) -> None:
    events = judged(await thread(), "wrong", "it was the cache")
    one, _ = await replayed(tmp_path, events)
    assert one.scenario.draft.startswith("The conclusion was judged wrong (it was the cache).")
    assert one.scenario.expect.cause == ()
    assert one.scenario.expect.outcome == ()


async def test_what_was_judged_no_incident_expects_that(tmp_path: Path) -> None:
    one, _ = await replayed(tmp_path, judged(await thread("recovered"), "not_an_incident"))
    assert one.scenario.expect.outcome == ("not_an_incident",)
    assert one.scenario.expect.proposal == "none"


async def test_f07_no_secret_gets_into_a_scenario() -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLE"
    told = [{"tool": "changes_recent", "summary": "x", "facts": {"owner": "mail@example.org"}}]
    alert = {"title": "HighErrorRate", "service": "checkout", "annotations": {"d": f"key {key}"},
             "labels": {"alertname": "HighErrorRate"}}  # fmt: skip
    events = (await played(case(alerts=[alert], results=told))).events
    text = await scenario_text(events, Swept())
    assert key not in text
    assert "mail@example.org" not in text
    assert "‹secret:" in text


async def test_a_tool_that_failed_is_recorded_as_failing(tmp_path: Path) -> None:
    one, scored = await replayed(tmp_path, await thread("tool-down"))
    assert {each.tool for each in one.scenario.results if each.error} == {
        "prometheus_query", "prometheus_range",
    }  # fmt: skip
    assert scored.outcome == "asked"


def test_a_scenario_is_never_written_over(tmp_path: Path) -> None:
    write_scenario(tmp_path, "INC-7", "title: x\n")
    with pytest.raises(ConfigError, match="there is one already"):
        write_scenario(tmp_path, "INC-7", "title: y\n")
