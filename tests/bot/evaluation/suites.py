"""Writes little suites, and plays what is in them with the shipped runbooks."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from bot.evaluation.playing import Played, play
from bot.evaluation.scenario import Scenario
from bot.evaluation.suite import Trial
from bot.knowledge.planner import RunbookPlanner
from bot.ports import StepModel
from bot.settings import Settings

EVALS = Path(__file__).parents[2] / "evals"
KNOWLEDGE = EVALS / "knowledge"
ALERT = """
title: something
alerts:
  - {title: HighErrorRate, service: checkout, labels: {alertname: HighErrorRate}}
"""


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write texts into a folder, by relative path; return the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return folder


def case(name: str = "one", /, **fields: object) -> Trial:
    """Return a case with the knowledge of the shipped scenarios."""
    alerts = [
        {"title": "HighErrorRate", "service": "checkout",
         "labels": {"alertname": "HighErrorRate", "service": "checkout"}}
    ]  # fmt: skip
    given = {"title": name, "alerts": alerts, **fields}
    return Trial(name, Scenario.model_validate(given), (KNOWLEDGE,))


async def played(one: Trial, model: StepModel | None = None) -> Played:
    return await play(one, Settings(), lambda _bot: model or RunbookPlanner())
