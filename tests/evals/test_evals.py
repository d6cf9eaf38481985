"""The shipped scenarios, with the planner and with the cassette."""

import shutil
from pathlib import Path

import pytest

from bot.agent.exchange import ModelReply, Prompt
from bot.agent.llm_settings import LlmSettings
from bot.agent.prompt_files import FOLDER, read_prompts
from bot.evaluation.cassette import read_cassette
from bot.evaluation.choosers import Cassettes, Planners
from bot.evaluation.minds import LooseBook, mind_of
from bot.evaluation.playing import Played, play
from bot.evaluation.running import run_suite
from bot.evaluation.scoring import ScenarioScore, score
from bot.evaluation.suite import Trial, read_suite
from bot.incident.facts_run import StepChosen
from bot.settings import Settings
from tests.evals.accept import ACCEPT
from tests.evals.author import CASSETTE, HERE, Author

CASES = read_suite(HERE)
BEYOND_RULES = {
    "dependency-down": "no runbook tells it to look at what a service depends on",
    "noisy-healthy": "a runbook's outcome cannot say that it is no incident",
    "two-causes": "the first outcome that is proven decides",
}
"""What the planner gets wrong, and why: known, and shown as failing."""


def cassettes(prompts: Path | None = None) -> Cassettes:
    return Cassettes(read_cassette(CASSETTE), read_prompts(prompts))


def steps(played: Played) -> list[StepChosen]:
    return [event.body for event in played.events if isinstance(event.body, StepChosen)]


def story() -> Trial:
    return next(case for case in CASES if case.name == "story")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_the_planner_decides_right_where_rules_reach(case: Trial) -> None:
    result = await run_suite([case], Settings(), Planners())
    assert result.passed == (case.name not in BEYOND_RULES), result.tried[0].first.reasons


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_sensible_model_decides_right_and_its_prompts_are_those_it_answered(
    case: Trial,
) -> None:
    chooser = cassettes()(case.name)
    played = await play(case, Settings(), chooser.model)
    scored = score(played, chooser.faults())
    assert scored.reasons == ()
    assert scored.fallbacks == 0
    assert scored.missed == ()


def test_the_cassette_shows_all_that_a_model_can_choose_and_a_repair() -> None:
    said = read_cassette(CASSETTE).scenarios
    assert set(said) == {case.name for case in CASES}
    text = CASSETTE.read_text()
    for word in (
        "not_enough_evidence",
        "not_an_incident",
        "propose_action",
        "ask_human",
        "evidence_read",
    ):
        assert f'"{word}"' in text
    assert any(isinstance(one.reply, str) for each in said.values() for one in each)


async def test_a_changed_prompt_fails_the_scenario_with_what_to_do(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "prompts")
    system = tmp_path / "prompts" / "system.md"
    system.write_text(system.read_text().replace("Tools look", "Tools gaze"))
    chooser = cassettes(tmp_path / "prompts")("bad-deploy")
    case = next(case for case in CASES if case.name == "bad-deploy")
    scored = score(await play(case, Settings(), chooser.model), chooser.faults())
    assert scored.reasons == (f"the prompt changed: system of request 1; {ACCEPT}",)


async def test_a_changed_runbook_fails_the_scenario_too(tmp_path: Path) -> None:
    runbooks = Settings().runbooks
    shutil.copytree(runbooks, tmp_path / "team", ignore=shutil.ignore_patterns("__*"))
    book = tmp_path / "team" / "error-rate.md"
    book.write_text(book.read_text().replace("Users see failures.", "Nobody sees anything."))
    chooser = cassettes()("bad-deploy")
    case = next(case for case in CASES if case.name == "bad-deploy")
    settings = Settings().model_copy(update={"runbooks": tmp_path / "team"})
    played = await play(case, settings, chooser.model)
    assert "the prompt changed: stable of request 1" in score(played, chooser.faults()).reasons[0]


class Dying:
    """A model that answers so many requests and then never again."""

    def __init__(self, scenario: str, answers: int) -> None:
        self._author = Author(scenario)
        self._left = answers
        self.name = self._author.name
        self.window = self._author.window

    async def ask(self, prompt: Prompt, note: str, deadline_s: float) -> ModelReply:
        from bot.agent.exchange import ModelError

        self._left -= 1
        if self._left < 0:
            raise ModelError("connection refused", "unreachable")
        return await self._author.ask(prompt, note, deadline_s)


async def told(model: Dying, settings: LlmSettings) -> tuple[Played, ScenarioScore]:
    played = await play(
        story(),
        Settings(),
        lambda bot: mind_of(model, read_prompts(), LooseBook(), bot.world.clock, settings),
    )
    return played, score(played)


async def test_the_story_of_a_bad_deploy_is_told_by_the_model_from_alert_to_close() -> None:
    played, scored = await told(Dying("story", 99), LlmSettings())
    assert scored.reasons == ()
    assert {one.by for one in steps(played)} == {"cassette:sensible"}
    assert played.state.incident.status == "closed"
    assert all(one.exchange for one in steps(played))
    order = [event.type for event in played.events]
    assert order.index("ActionProposed") < order.index("DecisionMade")
    assert order.index("ActionStarted") < order.index("ActionVerified")
    assert order[-1] == "IncidentClosed"


@pytest.mark.parametrize("answers", [0, 1, 2])
async def test_f11_the_model_killed_in_mid_investigation_the_planner_ends_the_same_story(
    answers: int,
) -> None:
    played, scored = await told(Dying("story", answers), LlmSettings())
    assert scored.reasons == ()
    assert [one.fallback for one in steps(played)] == [""] * answers + ["unreachable"] * (
        len(steps(played)) - answers
    )
    assert all("connection refused" in one.fallback_why for one in steps(played)[answers:])
    assert played.state.incident.status == "closed"


async def test_f10_without_any_budget_the_planner_tells_the_whole_story_and_says_why() -> None:
    model = Dying("story", 99)
    played, scored = await told(model, LlmSettings(incident_input_tokens=1))
    assert scored.reasons == ()
    assert (scored.tokens_in, scored.tokens_out) == (0, 0)
    assert {one.fallback for one in steps(played)} == {"budget"}
    assert all(one.fallback_why for one in steps(played))
    assert played.state.incident.status == "closed"


async def test_f13_orders_in_an_alert_a_change_and_an_answer_have_no_effect() -> None:
    case = next(case for case in CASES if case.name == "injection")
    chooser = cassettes()(case.name)
    played = await play(case, Settings(), chooser.model)
    (asked,) = played.state.incident.proposals.values()
    assert asked.proposal.args == {
        "job": "rollback", "params": {"service": "checkout", "version": "v41"},
    }  # fmt: skip
    assert asked.status == "pending"
