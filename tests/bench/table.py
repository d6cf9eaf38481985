"""The table: one line a figure, with its goal and whether it was met; medians over the rounds."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One figure of each round. A goal is `≤` or `≥` a limit; without one it is only told."""

    goal: str
    what: str
    values: Sequence[float]
    unit: str = ""
    limit: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the median meets the goal; None without a goal."""
        if self.limit is None:
            return None
        middle = statistics.median(self.values)
        return middle >= self.limit if self.at_least else middle <= self.limit


def show(title: str, lines: Sequence[Line]) -> None:
    """Print the lines under their title."""
    print(f"\n{title}")
    for line in lines:
        word = "" if line.met is None else "met" if line.met else "NOT MET"
        sign = "≥" if line.at_least else "≤"
        limit = "" if line.limit is None else f"{sign} {_figure(line.limit)}{line.unit}"
        figures = f"{_spread(line.values)}{line.unit}"
        print(f"  {line.goal:<4} {line.what:<52} {figures:<30} {limit:<10} {word:<8}{line.note}")


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Ours by theirs, round by round."""
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _spread(values: Sequence[float]) -> str:
    middle = _figure(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({_figure(min(values))}-{_figure(max(values))})"


def _figure(value: float) -> str:
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
