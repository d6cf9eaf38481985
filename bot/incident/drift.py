"""Whether the configured model still decides as well as it did, read off its evaluations; pure."""

from dataclasses import dataclass
from datetime import datetime

from bot.incident.facts_house import ModelEvaluated

SLACK = 1
"""So many scenarios fewer than at its best are chance, and no drift."""
NAMES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Standard:
    """The newest evaluation, and the best share that this model reached on as many scenarios."""

    at: datetime
    last: ModelEvaluated
    best: float

    @property
    def ratio(self) -> float:
        """Return the share that passed last, 0 to 1; 1 of none."""
        return _ratio(self.last)

    @staticmethod
    def then(before: "Standard | None", last: ModelEvaluated, at: datetime) -> "Standard":
        """Return what stands after one more; another model or another suite starts anew."""
        same = before is not None and (
            (before.last.model, before.last.scenarios) == (last.model, last.scenarios)
        )
        best = max(before.best, _ratio(last)) if before is not None and same else _ratio(last)
        return Standard(at, last, best)


def drifted(standard: Standard | None, floor: float) -> str:
    """Return why the model does worse than it should, in words; empty when it does not.

    It should pass as many as ever, one apart, and never less than `floor` (0 to 1) of them.
    """
    if standard is None or not standard.last.scenarios:
        return ""
    last, ratio = standard.last, standard.ratio
    names = ", ".join(last.failed[:NAMES_SHOWN]) + (" …" if len(last.failed) > NAMES_SHOWN else "")
    told = f"{last.model} passed {last.passed} of {last.scenarios} scenarios; failed: {names}"
    if ratio < floor:
        return f"{told}. At least {floor:.0%} should pass (TRIAGE_EVAL_FLOOR)."
    if standard.best - ratio > SLACK / last.scenarios + 1e-9:
        return f"{told}. At its best {standard.best:.0%} passed."
    return ""


def _ratio(last: ModelEvaluated) -> float:
    return last.passed / last.scenarios if last.scenarios else 1.0
