"""Incidents that others recorded: convertible, and what they recorded can be looked at."""

import re
from pathlib import Path

import pytest

from bot.evaluation.playing import play
from bot.incident.context import Context
from bot.incident.facts_run import ToolReturned
from bot.incident.steps import CallTools, Conclude, Step, ToolCall
from bot.settings import Settings
from tests.evals.shared import SCENARIOS, answered, converted, shared_files

FILES = shared_files()
SMALL_BYTES = 13_000
pytestmark = pytest.mark.skipif(not FILES, reason=f"{SCENARIOS} is not at hand")


class Curious:
    """A StepModel that looks at all there is, four at a time, and says what it read."""

    name = "curious"

    def __init__(self, calls: list[ToolCall]) -> None:
        self._calls = calls

    async def next_step(self, context: Context) -> Step:
        seen = len(context.results)
        if seen < len(self._calls):
            return CallTools(calls=tuple(self._calls[seen : seen + 4]))
        return Conclude(summary="that is all")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shared_incident_becomes_a_scenario(path: Path) -> None:
    trial = converted(path)
    assert trial.scenario.results
    assert trial.scenario.expect.cause
    told = trial.scenario.model_dump_json(include={"alerts"})
    assert not any(one.error and one.body for one in trial.scenario.results)
    assert "model_response" not in told


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.stat().st_size < SMALL_BYTES],
    ids=lambda path: path.stem,
)
async def test_what_was_recorded_can_be_looked_at(path: Path) -> None:
    trial = converted(path)
    found = answered(trial)
    calls = [ToolCall(tool=one.tool, args=dict(one.args)) for one in found]
    played = await play(trial, Settings(), lambda _bot: Curious(calls))
    returned = [one.body for one in played.events if isinstance(one.body, ToolReturned)]
    assert played.missed == ()
    assert [one.tool for one in returned] == [one.tool for one in found]
    for one, was in zip(returned, found, strict=True):
        assert re.match(re.escape(was.summary[:20].split("‹")[0]), one.summary)
