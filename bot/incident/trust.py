"""The scoreboard of approvals: how often humans agree, how long they take, and how it ends.

Proposals are counted in the ISO week they were proposed in, with whatever became of them since.
Names of persons are for whoever signed in; no channel shows them. bot.incident.tally fills it in.
"""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from math import ceil

OUTCOMES = (
    "proposed", "edited", "approved", "denied", "expired", "withdrawn", "superseded",
    "uninspectable",
    "succeeded", "failed", "unknown", "regressed", "undone", "refused",
)  # fmt: skip
"""What is counted of proposals; `refused` counts attempts to decide that were refused."""
JUDGED = ("right", "partly", "wrong", "not_an_incident", "abstained", "unjudged")
"""What humans said of conclusions; `abstained`: the run found too little, and nobody judged it."""
STEPS = ("agreed", "differed", "fallback")
"""Of Steps asked of a model: the planner would have chosen the same, another, or chose instead."""
HASTY_S = 3.0
"""Who approves sooner can hardly have read it (E-44)."""
LAST = 20
STAMP_SHARE = 0.95
STAMP_S = 5.0


@dataclass(slots=True)
class Score:
    """Counts by outcome, and how long each verdict took: seconds from shown to decided."""

    counts: Counter[str] = field(default_factory=Counter[str])
    approved_s: list[float] = field(default_factory=list[float])
    denied_s: list[float] = field(default_factory=list[float])

    @property
    def agreement(self) -> float | None:
        """The share of decided proposals that were approved; None while none was decided."""
        approved, denied = self.counts["approved"], self.counts["denied"]
        return approved / (approved + denied) if approved + denied else None

    @property
    def hasty(self) -> float | None:
        """The share of approvals given in less than 3 s; None without an approval."""
        quick = sum(wait < HASTY_S for wait in self.approved_s)
        return quick / len(self.approved_s) if self.approved_s else None

    def decided_within_s(self, share: float) -> float | None:
        """Return within how many seconds that share of the verdicts came; None without one."""
        waits = sorted([*self.approved_s, *self.denied_s])
        return waits[max(ceil(share * len(waits)), 1) - 1] if waits else None


@dataclass(slots=True)
class Habit:
    """How one person decides. `last` holds (approved, seconds) of the newest 20 verdicts."""

    approvals: int = 0
    denials: int = 0
    last: deque[tuple[bool, float]] = field(
        default_factory=lambda: deque[tuple[bool, float]](maxlen=LAST)
    )

    @property
    def ratio(self) -> float:
        """The share of verdicts that were approvals."""
        return self.approvals / (self.approvals + self.denials)

    @property
    def median_s(self) -> float:
        """The median seconds of the last verdicts."""
        waits = sorted(seconds for _, seconds in self.last)
        return waits[ceil(len(waits) / 2) - 1]

    @property
    def worth_a_look(self) -> bool:
        """True when the last 20 verdicts look like a rubber stamp (E-44)."""
        share = sum(approved for approved, _ in self.last) / LAST
        return len(self.last) == LAST and share > STAMP_SHARE and self.median_s < STAMP_S


@dataclass(slots=True)
class Week:
    """One ISO week, from its Monday (UTC)."""

    monday: date
    score: Score = field(default_factory=Score)
    conclusions: Counter[str] = field(default_factory=Counter[str])

    @property
    def name(self) -> str:
        """`2026-W07`."""
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02}"


@dataclass(slots=True)
class Scoreboard:
    """Scores by action, by the channel a proposal was decided in, and by week, oldest first.

    `channels` holds only decided proposals; the other tables hold all. Names are in order.
    `steps` counts a model's Steps by `STEPS`.
    """

    total: Score
    actions: dict[str, Score]
    channels: dict[str, Score]
    persons: dict[str, Habit]
    weeks: Sequence[Week]
    conclusions: Counter[str]
    steps: Counter[str] = field(default_factory=Counter[str])

    @property
    def stamps(self) -> list[str]:
        """The persons whose approvals are worth a second look."""
        return [name for name, habit in self.persons.items() if habit.worth_a_look]
