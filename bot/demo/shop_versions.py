"""Which version of the shop runs, which it may go back to, and every switch that was made."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.demo.shop_metrics import SERVICE
from bot.errors import ConfigError, ConflictError, NotFoundError

BROKEN_OF_20 = 7
"""How many of twenty requests a bad version fails: 35 %."""


@dataclass(frozen=True)
class Run:
    """One switch of the version; `number` counts from 1, `at` is in Unix seconds."""

    number: int
    kind: Literal["deploy", "rollback"]
    version: str
    previous: str
    by: str
    at: float


class Versions:
    """The versions that ever ran, the newest run, and whether the one that runs is broken."""

    def __init__(self, history: Sequence[str], bad: Collection[str]) -> None:
        """Start on the last version of `history`, which lists the earlier ones oldest first.

        Raises:
            ConfigError: `history` is empty.
        """
        if not history:
            raise ConfigError(
                "the shop needs at least one version to start on, such as --history v40,v41"
            )
        self._known = list(history)
        self._bad = frozenset(bad)
        self._runs: list[Run] = []
        self._asked = 0
        self.current = history[-1]
        self.previous = history[-2] if len(history) > 1 else ""

    def switch(self, kind: Literal["deploy", "rollback"], version: str, by: str, at: float) -> Run:
        """Run `version` from now on; it becomes known."""
        run = Run(len(self._runs) + 1, kind, version, self.current, by, at)
        self._runs.append(run)
        self.previous, self.current = self.current, version
        self._asked = 0
        if version not in self._known:
            self._known.append(version)
        return run

    def check_rollback(self, service: str, version: str) -> None:
        """Return when the shop can go back to `version`.

        Raises:
            NotFoundError: There is no such service.
            ConflictError: The version never ran here, or it runs already.
        """
        if service != SERVICE:
            raise NotFoundError(f"there is no service {service!r} here, only {SERVICE!r}")
        if version not in self._known:
            known = ", ".join(self._known)
            raise ConflictError(f"{SERVICE} never ran {version}; it can go back to one of: {known}")
        if version == self.current:
            raise ConflictError(f"{SERVICE} runs {version} already; there is nothing to roll back")

    def run(self, number: int) -> Run:
        """Return one switch by its number.

        Raises:
            NotFoundError: There was no such run.
        """
        if not 1 <= number <= len(self._runs):
            raise NotFoundError(f"there was no run {number}")
        return self._runs[number - 1]

    def serve_one(self) -> bool:
        """Return whether the next checkout succeeds.

        A bad version fails 7 of each 20 requests, evenly spread and the same in every run.
        """
        self._asked += 1
        return self.current not in self._bad or self._asked * 7 % 20 >= BROKEN_OF_20
