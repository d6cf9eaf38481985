"""Plays `replies.yaml` into `cassette.json` anew: `python -m tests.evals.accept`.

Run it after a change of prompts, runbooks or scenarios, once you have read what changes.
"""

import asyncio

from bot.agent.prompt_files import read_prompts
from bot.evaluation.cassette import Cassette, write_cassette
from bot.evaluation.choosers import Models, Outfit, steady
from bot.evaluation.minds import LooseBook
from bot.evaluation.report import report_lines
from bot.evaluation.running import SuiteResult, run_suite
from bot.evaluation.suite import read_suite
from bot.settings import Settings
from tests.evals.author import CASSETTE, HERE, NAME, Author
from tests.fakes import FakeClock

ACCEPT = "look at the diff, then accept it with: python -m tests.evals.accept"


def accepted() -> tuple[Cassette, SuiteResult]:
    """Return the cassette of what is written down, and how the suite goes with it."""
    means = Outfit(read_prompts(), LooseBook(), FakeClock(), steady())
    models = Models(Author, NAME, means)
    result = asyncio.run(run_suite(read_suite(HERE), Settings(), models))
    return models.cassette(ACCEPT), result


def main() -> None:
    cassette, result = accepted()
    write_cassette(CASSETTE, cassette)
    print("\n".join(report_lines(result)))  # noqa: T201 - it is a command


if __name__ == "__main__":
    main()
