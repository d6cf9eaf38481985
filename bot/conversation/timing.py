"""How fast the outbox goes: its pauses, retries and limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

RETRY_MAX_S = 60.0


@dataclass(frozen=True, slots=True)
class Timing:
    """The outbox's clockwork.

    A root card is edited at most once per `edit_every_s` (A-13), or per `paces[channel]`. A first
    card waits up to `settle_s` for what is known locally, so that it says something. After a
    conversation was told it is left alone for `breath_s`, so that a burst of events is one look.
    `slots` is how many conversations of one channel are told at once.
    """

    call_s: float = 20.0
    sweep_s: float = 5.0
    settle_s: float = 1.0
    breath_s: float = 0.2
    edit_every_s: float = 3.0
    paces: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({"web": 0.0}))
    slots: int = 4

    def pace_s(self, channel: str) -> float:
        """Return the pause between two edits of one root card."""
        return self.paces.get(channel, self.edit_every_s)


def retry_at(now: datetime, failures: int, asked_s: float | None) -> datetime:
    """Return when to try again after `failures` (≥ 1) in a row: 1, 2, 4 … 60 s, or as asked."""
    pause_s = min(2.0 ** min(failures - 1, 10), RETRY_MAX_S) if asked_s is None else asked_s
    return now + timedelta(seconds=max(pause_s, 0.0))
