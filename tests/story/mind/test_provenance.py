"""F-12 in a whole story: what was chosen, by whom, under what, and where all of it can be read."""

from pathlib import Path

from bot.agent.prompt_files import read_prompts
from bot.evaluation.cassette import read_cassette
from bot.evaluation.choosers import Cassettes
from bot.evaluation.playing import play
from bot.evaluation.suite import read_suite
from bot.incident.facts_action import ActionProposed
from bot.incident.facts_run import StepChosen
from bot.settings import Settings
from bot.version import VERSION, build_name
from tests.evals.author import CASSETTE, HERE


async def test_f12_each_step_and_each_proposal_names_what_it_was_made_under(
    tmp_path: Path,
) -> None:
    case = next(one for one in read_suite(HERE) if one.name == "story")
    prompts = read_prompts()
    chooser = Cassettes(read_cassette(CASSETTE), prompts)(case.name)
    played = await play(case, Settings(), chooser.model, keep=tmp_path / "kept")
    steps = {
        event.body.effect_id: event.body
        for event in played.events
        if isinstance(event.body, StepChosen)
    }
    (asked,) = [one.body for one in played.events if isinstance(one.body, ActionProposed)]
    for step in (*steps.values(), steps[asked.effect_id]):
        named = dict(step.digests)
        assert set(named) == {"prompt", "runbook", "catalogue", "policy", "tools", "build"}
        assert all(named.values()), named
        assert named["prompt"] in {style.digest for style in prompts.styles.values()}
        assert named["build"] == build_name()
        assert named["build"].startswith(VERSION)
        assert step.revision
    assert asked.proposal.tool_version  # of the tool itself, beside the digest of them all
