"""Who may be evaluated: the planner, the configured model, a cassette."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

from bot.agent.exchange import LanguageModel
from bot.agent.llm_settings import LlmSettings
from bot.agent.prompt_files import Prompts, read_prompts
from bot.app.clock import SystemClock
from bot.app.live_model import live_model
from bot.errors import InputError
from bot.evaluation.cassette import Cassette, Recorder, Tape, read_cassette
from bot.evaluation.minds import LooseBook, TaggedBook, mind_of
from bot.evaluation.running import Chooser
from bot.incident.ending import PLANNER
from bot.knowledge.planner import RunbookPlanner
from bot.ports import Clock, Mind, ModelCalls, StepModel

CONFIGURED = "configured"
CASSETTE = "cassette:"


class Choosers(Protocol):
    """Makes who plays, anew for every play; `name` is who that is."""

    name: str

    def __call__(self, scenario: str) -> Chooser:
        """Return who plays the scenario of this name."""
        ...

    def alone(self) -> StepModel | Mind:
        """Return who chooses where no bot runs, for a fork."""
        ...


class Planners:
    """The rule-based planner plays."""

    name = PLANNER

    def __call__(self, scenario: str) -> Chooser:
        """Return the planner."""
        _ = scenario
        return Chooser(lambda _bot: RunbookPlanner())

    def alone(self) -> StepModel | Mind:
        """Return the planner."""
        return RunbookPlanner()


class Cassettes:
    """A cassette plays; its own settings hold, so that it goes the same way everywhere."""

    def __init__(self, cassette: Cassette, prompts: Prompts) -> None:
        self.name = cassette.model
        self._cassette = cassette
        self._prompts = prompts

    def __call__(self, scenario: str) -> Chooser:
        """Return the mind around the scenario's replies."""
        tape = Tape(self._cassette, scenario)
        return Chooser(lambda bot: self._mind(tape, bot.world.clock), tape.faults)

    def alone(self) -> StepModel | Mind:
        """Return the mind around no replies at all: a cassette knows no fork."""
        return self._mind(Tape(self._cassette, ""), SystemClock())

    def _mind(self, model: LanguageModel, clock: Clock) -> Mind:
        return mind_of(model, self._prompts, LooseBook(), clock, steady())


@dataclass(frozen=True, slots=True)
class Outfit:
    """What a model is asked with. `calls` is the book that all plays together are held to."""

    prompts: Prompts
    calls: ModelCalls
    clock: Clock
    settings: LlmSettings


class Models:
    """A language model plays, and what it says is kept for a cassette, scenario by scenario."""

    def __init__(self, model_of: Callable[[str], LanguageModel], name: str, means: Outfit) -> None:
        self.name = name
        self._model_of = model_of
        self._means = means
        self._recorders: dict[str, Recorder] = {}
        self._plays = count(1)
        self._tag = means.clock.token(4)

    def __call__(self, scenario: str) -> Chooser:
        """Return the mind around the model; the last play of a scenario is what is kept."""
        recorder = self._recorders[scenario] = Recorder(self._model_of(scenario))
        tag = f"eval-{self._tag}-{next(self._plays)}"
        return Chooser(lambda _bot: self._mind(recorder, tag))

    def alone(self) -> StepModel | Mind:
        """Return the mind around the model."""
        return self._mind(self._model_of(""), f"fork-{self._tag}")

    def cassette(self, accept: str) -> Cassette:
        """Return what was said."""
        said = {name: tuple(one.spoken) for name, one in self._recorders.items()}
        return Cassette(model=self.name, accept=accept, scenarios=said)

    def _mind(self, model: LanguageModel, tag: str) -> Mind:
        means = self._means
        book = TaggedBook(means.calls, tag)
        return mind_of(model, means.prompts, book, means.clock, means.settings)


def steady() -> LlmSettings:
    """Return the settings of a mind that must go the same way whatever the environment says."""
    return LlmSettings.model_construct()


async def open_choosers(
    stack: AsyncExitStack, model: str, prompts: Path | None = None, calls: ModelCalls | None = None
) -> Choosers:
    """Return who plays, by the words of the command line; the stack closes what was opened.

    `configured` is the planner where LLM_MODEL names no model. `calls` is the book a live model is
    held to; one of its own when it is None.

    Raises:
        InputError: There is no such word.
        ConfigError: The model, the cassette or the prompts cannot be used as they are.
    """
    if model == PLANNER:
        return Planners()
    if model == CONFIGURED:
        live, settings = await live_model(stack)
        if live is None:
            return Planners()
        means = Outfit(read_prompts(prompts), calls or LooseBook(), SystemClock(), settings)
        return Models(lambda _name: live, live.name, means)
    if model.startswith(CASSETTE):
        cassette = read_cassette(Path(model.removeprefix(CASSETTE)))
        return Cassettes(cassette, read_prompts(prompts))
    raise InputError(f"--model: {model[:40]!r} is none of planner, configured, cassette:FILE")
