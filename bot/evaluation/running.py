"""Plays a suite, once or several times over, and adds up what came of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.evaluation.playing import ModelOf, play
from bot.evaluation.scoring import ScenarioScore, score
from bot.evaluation.suite import Trial
from bot.settings import Settings

Faults = Callable[[], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Chooser:
    """Who chooses the Steps of one play.

    `faults` says after the play what was wrong with the chooser itself, such as a cassette whose
    prompt is another one.
    """

    model: ModelOf
    faults: Faults = tuple


ChooserOf = Callable[[str], Chooser]
"""Returns who plays the scenario of this name; asked anew for every play."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One scenario and how it went, each time it was played; at least once."""

    scores: tuple[ScenarioScore, ...]

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.scores[0].name

    @property
    def first(self) -> ScenarioScore:
        """The first time that it failed, or else the first."""
        return next((one for one in self.scores if not one.passed), self.scores[0])

    @property
    def passed(self) -> bool:
        """True when it passed each time."""
        return all(one.passed for one in self.scores)

    @property
    def ways(self) -> int:
        """How many different courses it took."""
        return len({(one.decided, one.outcome) for one in self.scores})

    @property
    def unstable(self) -> bool:
        """True when it did not go the same way each time."""
        return self.ways > 1 or len({one.passed for one in self.scores}) > 1


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """A whole suite; drafts are played and count neither way."""

    tried: tuple[Tried, ...]

    @property
    def counted(self) -> tuple[Tried, ...]:
        """Those that count."""
        return tuple(one for one in self.tried if not one.first.draft)

    @property
    def failed(self) -> tuple[Tried, ...]:
        """Those that count and did not pass each time."""
        return tuple(one for one in self.counted if not one.passed)

    @property
    def passed(self) -> int:
        """How many passed each time."""
        return len(self.counted) - len(self.failed)

    @property
    def ratio(self) -> float:
        """The share that passed each time, 0 to 1; 1 of none."""
        return self.passed / len(self.counted) if self.counted else 1.0


async def run_suite(
    cases: Sequence[Trial],
    settings: Settings,
    chooser_of: ChooserOf,
    repeat: int = 1,
    keep: Path | None = None,
) -> SuiteResult:
    """Play every case `repeat` times, one after the other.

    `keep` is a folder where each play's own stays, as NAME-1, NAME-2 and so on.

    Raises:
        ConfigError: The knowledge or a scenario will not do.
    """
    tried: list[Tried] = []
    for case in cases:
        scores: list[ScenarioScore] = []
        for number in range(1, repeat + 1):
            chooser = chooser_of(case.name)
            folder = keep / f"{case.name}-{number}" if keep is not None else None
            played = await play(case, settings, chooser.model, folder)
            scores.append(score(played, chooser.faults()))
        tried.append(Tried(tuple(scores)))
    return SuiteResult(tuple(tried))


def total_usd(scores: Iterable[ScenarioScore]) -> float | None:
    """Return what they cost in US dollars; None when the price of one is unknown."""
    total = 0
    for one in scores:
        if one.micro_usd is None:
            return None
        total += one.micro_usd
    return total / 1_000_000
