"""Leaves a model alone that failed several times in a row; per process, lost with it, harmless."""

from collections.abc import Callable
from dataclasses import dataclass

FAILURES = 3
FIRST_S = 30.0
MOST_S = 300.0
ASKED_MOST_S = 3600.0
"""A provider that asks for a longer pause is asked again after this."""


@dataclass(slots=True)
class Breaker:
    """Counts failures in a row; after three the model rests, twice as long each time.

    The first call after a rest is a trial: meanwhile all others still find the model resting.
    """

    monotonic: Callable[[], float]
    trial_s: float
    _failures: int = 0
    _rest_s: float = 0.0
    _until: float = float("-inf")

    def resting_s(self) -> float:
        """Return for how many more seconds the model is left alone; 0: ask it."""
        left = self._until - self.monotonic()
        if left > 0:
            return left
        if self._rest_s:
            self._until = self.monotonic() + self.trial_s
        return 0.0

    def answered(self) -> None:
        """Note that the model is well."""
        self._failures, self._rest_s, self._until = 0, 0.0, float("-inf")

    def failed(self, retry_after_s: float | None = None) -> bool:
        """Note a failure, and how long the provider asks to wait; True when a rest begins."""
        self._failures += 1
        asked_s = min(retry_after_s or 0.0, ASKED_MOST_S)
        if self._rest_s or self._failures >= FAILURES:
            self._rest_s = min(max(FIRST_S, 2 * self._rest_s), MOST_S)
        rest_s = max(asked_s, self._rest_s)
        self._until = self.monotonic() + rest_s
        return rest_s > 0
