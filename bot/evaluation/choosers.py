"""Who may be evaluated: the planner, the configured model, a cassette."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

from bot.agent.exchange import LanguageModel
from bot.agent.llm_settings import LlmSettings
from bot.agent.prompt_files import Prompts, read_prompts
from bot.errors import InputError
from bot.evaluation.cassette import Cassette, Recorder, Tape, read_cassette
from bot.evaluation.minds import LooseBook, mind_of
from bot.evaluation.running import Chooser
from bot.knowledge.planner import RunbookPlanner
from bot.ports import Clock, Mind, StepModel

PLANNER = "planner"
CONFIGURED = "configured"
CASSETTE = "cassette:"


class Choosers(Protocol):
    """Makes who plays, anew for every play."""

    def __call__(self, scenario: str) -> Chooser:
        """Return who plays the scenario of this name."""
        ...

    def alone(self, clock: Clock) -> StepModel | Mind:
        """Return who chooses where no bot runs, for a fork."""
        ...


class Planners:
    """The rule-based planner plays."""

    def __call__(self, scenario: str) -> Chooser:
        """Return the planner."""
        _ = scenario
        return Chooser(lambda _bot: RunbookPlanner())

    def alone(self, clock: Clock) -> StepModel | Mind:
        """Return the planner."""
        _ = clock
        return RunbookPlanner()


class Cassettes:
    """A cassette plays; its own settings hold, so that it goes the same way everywhere."""

    def __init__(self, cassette: Cassette, prompts: Prompts) -> None:
        self._cassette = cassette
        self._prompts = prompts

    def __call__(self, scenario: str) -> Chooser:
        """Return the mind around the scenario's replies."""
        tape = Tape(self._cassette, scenario)
        return Chooser(lambda bot: self._mind(tape, bot.world.clock), tape.faults)

    def alone(self, clock: Clock) -> StepModel | Mind:
        """Return the mind around no replies at all: a cassette knows no fork."""
        return self._mind(Tape(self._cassette, ""), clock)

    def _mind(self, model: LanguageModel, clock: Clock) -> Mind:
        return mind_of(model, self._prompts, LooseBook(), clock, steady())


class Recorded:
    """A model plays, and what it says is written down, scenario by scenario."""

    def __init__(
        self, model_of: Callable[[str], LanguageModel], prompts: Prompts | None = None
    ) -> None:
        self._model_of = model_of
        self._prompts = prompts or read_prompts()
        self._recorders: dict[str, Recorder] = {}

    def __call__(self, scenario: str) -> Chooser:
        """Return the mind around the model; the last play of a scenario is what is kept."""
        recorder = self._recorders[scenario] = Recorder(self._model_of(scenario))
        return Chooser(
            lambda bot: mind_of(recorder, self._prompts, LooseBook(), bot.world.clock, steady())
        )

    def cassette(self, model: str, accept: str) -> Cassette:
        """Return what was said."""
        said = {name: tuple(one.spoken) for name, one in self._recorders.items()}
        return Cassette(model=model, accept=accept, scenarios=said)


def steady() -> LlmSettings:
    """Return the settings of a mind that must go the same way whatever the environment says."""
    return LlmSettings.model_construct()


def choosers(model: str, prompts: Path | None = None) -> Choosers:
    """Return who plays, by the words of the command line.

    Raises:
        InputError: There is no such word.
        ConfigError: The cassette or the prompts cannot be read.
    """
    if model in {PLANNER, CONFIGURED}:
        return Planners()
    if model.startswith(CASSETTE):
        cassette = read_cassette(Path(model.removeprefix(CASSETTE)))
        return Cassettes(cassette, read_prompts(prompts))
    raise InputError(f"--model: {model[:40]!r} is none of planner, configured, cassette:FILE")
