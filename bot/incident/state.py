"""What a thread adds up to: two typed views, the incident (business) and the run (execution)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from bot.incident.context import Result
from bot.incident.events import Unknown
from bot.incident.facts_action import ActionProposed, DecisionMade
from bot.incident.facts_alerts import Learnings, QuestionAsked
from bot.incident.facts_run import ContextLoaded, StepChosen
from bot.incident.model import Alert, Finding, Judgement, Severity
from bot.incident.proposal import TRANSITIONS, Proposal, ProposalStatus
from bot.incident.steps import CallTools

FLAP_CYCLES = 3
FLAP_WINDOW = timedelta(minutes=10)
"""Three firing-resolved cycles in ten minutes are flapping (D-07)."""

UNDO = "undo-"
ASKED = "ask-"
"""How the effect ids of Steps begin that no run chose: an undo, or what a human asked for."""

Phase = Literal["prefetch", "investigate", "await", "act", "verify", "closed"]


@dataclass(slots=True)
class AlertLine:
    """One alert over time: its latest form, and when it turned from resolved to firing."""

    alert: Alert
    first_at: datetime
    last_at: datetime
    times: int = 1
    refired_at: list[datetime] = field(default_factory=list[datetime])

    @property
    def flapping(self) -> bool:
        """True when it re-fired `FLAP_CYCLES` times within `FLAP_WINDOW`."""
        last = self.refired_at[-FLAP_CYCLES:]
        return len(last) == FLAP_CYCLES and last[-1] - last[0] <= FLAP_WINDOW


@dataclass(slots=True)
class ProposalView:
    """A proposal and what became of it. `verified` counts passed verifications.

    `decisions` holds the first of each person, `last` the newest of anybody.
    """

    asked: ActionProposed
    at: datetime
    status: ProposalStatus = "pending"
    decisions: list[tuple[datetime, DecisionMade]] = field(
        default_factory=list[tuple[datetime, DecisionMade]]
    )
    why: str = ""
    approved_at: datetime | None = None
    attempt: str = ""
    nonce: str = ""
    before: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: str = ""
    evidence: str = ""
    link: str = ""
    verified: int = 0
    checks: list[str] = field(default_factory=list[str])
    regressed: str = ""
    undo_requested: bool = False
    refused: int = 0
    reminded: int = 0
    last: tuple[datetime, DecisionMade] | None = None

    @property
    def proposal(self) -> Proposal:
        """The frozen proposal."""
        return self.asked.proposal

    @property
    def verify_due_at(self) -> datetime | None:
        """When the next verification is due; None when there is none (any more)."""
        wanted = self.proposal.verify_after_s
        over = self.status != "succeeded" or bool(self.regressed) or not self.proposal.verify
        if over or self.finished_at is None or self.verified >= len(wanted):
            return None
        return self.finished_at + timedelta(seconds=wanted[self.verified])

    def lapses_at(self, use_s: float) -> datetime | None:
        """When it expires: undecided at `expires_at`, approved but not run after `use_s` s."""
        if self.status == "pending":
            return self.proposal.expires_at
        if self.status == "approved" and self.approved_at is not None:
            return self.approved_at + timedelta(seconds=use_s)
        return None

    def move(self, to: ProposalStatus) -> bool:
        """Take an edge of the state machine; False (and nothing changes) when there is none."""
        if to not in TRANSITIONS[self.status]:
            return False
        self.status = to
        return True


@dataclass(slots=True)
class QuestionView:
    """A question to humans. `value` is the answer, or the default after the deadline."""

    asked: QuestionAsked
    at: datetime
    status: Literal["open", "answered", "expired"] = "open"
    value: str = ""
    person: str = ""
    reminded: int = 0


@dataclass(slots=True)
class IncidentView:
    """What humans care about. Maps keep the order of first appearance."""

    id: str = ""
    title: str = ""
    service: str = ""
    severity: Severity = "unknown"
    group_key: str = ""
    source: str = ""
    by: str = ""
    status: Literal["", "open", "resolved", "closed"] = ""
    opened_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_why: str = ""
    closed_at: datetime | None = None
    alerts: dict[str, AlertLine] = field(default_factory=dict[str, AlertLine])
    truncated: int = 0
    reopened: int = 0
    acked_by: str = ""
    snoozed_until: datetime | None = None
    merged_into: str = ""
    conclusion: str = ""
    conclusion_by: str = ""
    findings: tuple[Finding, ...] = ()
    judged: Judgement | None = None
    judged_by: str = ""
    escalated: str = ""
    handed_to: str = ""
    refused: int = 0
    proposals: dict[str, ProposalView] = field(default_factory=dict[str, ProposalView])
    questions: dict[str, QuestionView] = field(default_factory=dict[str, QuestionView])
    said: list[tuple[datetime, str, str]] = field(default_factory=list[tuple[datetime, str, str]])
    conversations: dict[str, str] = field(default_factory=dict[str, str])
    broken: dict[str, str] = field(default_factory=dict[str, str])
    summary: str = ""
    learnings: Learnings | None = None

    @property
    def over(self) -> bool:
        """True when nobody investigates it any more: resolved, closed, or part of another."""
        return self.status != "open" or bool(self.merged_into)

    @property
    def firing(self) -> list[Alert]:
        """Alerts that fire now, in order of first appearance."""
        return [line.alert for line in self.alerts.values() if line.alert.status == "firing"]


@dataclass(slots=True)
class Pending:
    """A chosen Step that is not done yet; `retry_at` maps an open call to its next try."""

    chosen: StepChosen
    at: datetime
    answered: dict[str, bool] = field(default_factory=dict[str, bool])
    retry_at: dict[str, datetime] = field(default_factory=dict[str, datetime])
    attempts: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def outside(self) -> bool:
        """True when no run chose it: it outlives the run, and a pause of the investigation."""
        return self.chosen.effect_id.startswith((UNDO, ASKED))

    @property
    def open_calls(self) -> list[int]:
        """Indexes of the CallTools' calls that have no final answer."""
        if not isinstance(self.chosen.step, CallTools):
            return []
        ids = range(len(self.chosen.step.calls))
        return [i for i in ids if f"{self.chosen.effect_id}.{i}" not in self.answered]


def undo_target(effect_id: str) -> str:
    """Return the proposal that a Step with this effect id undoes; empty when it undoes none."""
    if not effect_id.startswith(UNDO):
        return ""
    return effect_id.removeprefix(UNDO).partition("-")[0]


@dataclass(slots=True)
class RunView:
    """How far the investigation is. `queue[0]` is the Step being carried out."""

    number: int = 1
    paused_by: str = ""
    context: ContextLoaded | None = None
    steps: int = 0
    queue: list[Pending] = field(default_factory=list[Pending])
    results: list[Result] = field(default_factory=list[Result])
    rejected: list[tuple[StepChosen, str]] = field(default_factory=list[tuple[StepChosen, str]])
    seen: set[str] = field(default_factory=set[str])
    barren: int = 0
    new_evidence: bool = False
    spent_s: float = 0.0
    spent: str = ""
    ask_attempts: int = 0
    ask_retry_at: datetime | None = None
    ask_failed: str = ""
    done: bool = False

    @property
    def ask_id(self) -> str:
        """The effect id of the next Step a model may choose."""
        return f"r{self.number}s{self.steps + 1}"


@dataclass(slots=True)
class State:
    """The fold of one stream. Made by `fold`, read by everybody, changed by nobody else."""

    stream: str = ""
    seq: int = 0
    at: datetime | None = None
    incident: IncidentView = field(default_factory=IncidentView)
    run: RunView = field(default_factory=RunView)
    unknown: list[Unknown] = field(default_factory=list[Unknown])

    @property
    def exists(self) -> bool:
        """True when an incident was opened in this stream."""
        return bool(self.incident.status)

    @property
    def phase(self) -> Phase:
        """Where the run is, in one word."""
        views = self.incident.proposals.values()
        if self.incident.status == "closed" or self.incident.merged_into:
            return "closed"
        if any(view.status in {"approved", "executing"} for view in views):
            return "act"
        if any(view.verify_due_at for view in views):
            return "verify"
        if self.run.context is None:
            return "prefetch"
        return "await" if self.run.done else "investigate"
