"""Which scenarios decide differently under changed runbooks, prompts or another model; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from pydantic import JsonValue

from bot.evaluation.running import SuiteResult, Tried


@dataclass(frozen=True, slots=True)
class Difference:
    """One scenario before and after; `steps` pairs what differs, None where there is no step."""

    name: str
    before: Tried
    after: Tried

    @property
    def steps(self) -> tuple[tuple[int, str | None, str | None], ...]:
        """Return (number, before, after) of every step that is decided differently."""
        pairs = zip_longest(self.before.first.decided, self.after.first.decided)
        return tuple(
            (number, old, new) for number, (old, new) in enumerate(pairs, start=1) if old != new
        )

    @property
    def differs(self) -> bool:
        """True when it decides, ends or scores differently."""
        old, new = self.before.first, self.after.first
        return bool(self.steps) or (old.outcome, old.passed) != (new.outcome, new.passed)


def differences(before: SuiteResult, after: SuiteResult) -> list[Difference]:
    """Return the scenarios that differ, in their order; both results are of the same suite."""
    pairs = zip(before.tried, after.tried, strict=True)
    found = [Difference(old.name, old, new) for old, new in pairs]
    return [one for one in found if one.differs]


def difference_lines(
    found: list[Difference], before: SuiteResult, after: SuiteResult
) -> Iterator[str]:
    """Yield what differs, scenario by scenario, and what passed before and after."""
    for one in found:
        yield f"{one.name}: {_state(one.before)} → {_state(one.after)}"
        for number, old, new in one.steps:
            yield f"  {number:>2} - {old or '(no step)'}"
            yield f"  {'':>2} + {new or '(no step)'}"
        yield from (f"     {reason}" for reason in one.after.first.reasons)
    total = len(before.counted)
    yield (
        f"{len(found)} of {len(before.tried)} scenarios decide differently; "
        f"{before.passed} of {total} passed before, {after.passed} of {len(after.counted)} after"
    )


def difference_json(found: list[Difference], before: SuiteResult, after: SuiteResult) -> JsonValue:
    """Return the same as JSON."""
    return {
        "passed_before": before.passed,
        "passed_after": after.passed,
        "scenarios": len(before.tried),
        "different": [
            {
                "name": one.name,
                "passed": [one.before.passed, one.after.passed],
                "outcome": [one.before.first.outcome, one.after.first.outcome],
                "steps": [[number, old, new] for number, old, new in one.steps],
                "reasons": list(one.after.first.reasons),
            }
            for one in found
        ],
    }


def _state(tried: Tried) -> str:
    return f"{'ok' if tried.passed else 'FAIL'} {tried.first.outcome}"
