"""Who may be evaluated: the planner, the configured model, a cassette."""

from bot.errors import InputError
from bot.evaluation.running import Chooser, ChooserOf
from bot.knowledge.planner import RunbookPlanner

PLANNER = "planner"
CONFIGURED = "configured"
CASSETTE = "cassette:"


def choosers(model: str) -> ChooserOf:
    """Return who plays, by the word of the command line.

    Raises:
        InputError: There is no such word.
    """
    if model == PLANNER:
        return lambda _name: Chooser(lambda _bot: RunbookPlanner())
    if model == CONFIGURED:
        return lambda _name: Chooser(None)
    raise InputError(f"--model: {model[:40]!r} is none of planner, configured, cassette:FILE")
