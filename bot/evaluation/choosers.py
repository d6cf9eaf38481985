"""Who may be evaluated: the planner, the configured model, a cassette."""

from contextlib import AsyncExitStack
from pathlib import Path

from bot.errors import InputError
from bot.evaluation.running import Chooser
from bot.knowledge.planner import RunbookPlanner
from bot.ports import Mind, StepModel
from bot.settings import Settings

PLANNER = "planner"
CONFIGURED = "configured"
CASSETTE = "cassette:"


class Choosers:
    """Makes who plays, anew for every play."""

    def __call__(self, scenario: str) -> Chooser:
        """Return who plays the scenario of this name."""
        _ = scenario
        return Chooser(lambda _bot: RunbookPlanner())

    async def alone(self, stack: AsyncExitStack, settings: Settings) -> StepModel | Mind:
        """Return who chooses where no bot runs, for a fork."""
        _ = stack, settings
        return RunbookPlanner()


def choosers(model: str, prompts: Path | None = None) -> Choosers:
    """Return who plays, by the words of the command line.

    Raises:
        InputError: There is no such word.
    """
    _ = prompts
    if model in {PLANNER, CONFIGURED}:
        return Choosers()
    raise InputError(f"--model: {model[:40]!r} is none of planner, configured, cassette:FILE")
