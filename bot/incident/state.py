"""What a thread adds up to: two typed views, the incident (business) and the run (execution)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from bot.incident.call import Called, Handoff
from bot.incident.context import Result
from bot.incident.events import Unknown
from bot.incident.facts_alerts import Learnings
from bot.incident.facts_run import ContextLoaded, StepChosen
from bot.incident.model import Alert, Finding, Judgement, Severity
from bot.incident.steps import CallTools
from bot.incident.views import ProposalView, QuestionView

FLAP_CYCLES = 3
FLAP_WINDOW = timedelta(minutes=10)
"""Three firing-resolved cycles in ten minutes are flapping (D-07)."""

UNDO = "undo-"
ASKED = "ask-"
EDIT = "edit-"
OUTSIDE = (UNDO, ASKED, EDIT)
"""How the effect ids of Steps begin that no run chose: an undo, what a human asked for, an edit."""
RENEWAL = "renewal"
"""Who a Step is by that proposes again what expired; whoever wanted it first still does."""

Phase = Literal["prefetch", "investigate", "await", "act", "verify", "closed"]


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One alert over time: its latest form, and when it last turned from resolved to firing."""

    alert: Alert
    first_at: datetime
    last_at: datetime
    times: int = 1
    refired_at: tuple[datetime, ...] = ()

    @property
    def flapping(self) -> bool:
        """True when it re-fired `FLAP_CYCLES` times within `FLAP_WINDOW`, the last times it did."""
        last = self.refired_at
        return len(last) == FLAP_CYCLES and last[-1] - last[0] <= FLAP_WINDOW

    @property
    def calm_at(self) -> datetime:
        """When its silence counts: at once, or once a flapping alert kept quiet for a window."""
        return self.last_at + FLAP_WINDOW if self.flapping else self.last_at

    def then(self, alert: Alert, at: datetime) -> "AlertLine":
        """Return its next form; a resolve of an earlier occurrence than the one that fires is none.

        Both times are the sender's, so its clock may be wrong as long as it is one clock.
        """
        was, refired_at = self.alert, self.refired_at
        if alert.status == "firing" and was.status == "resolved":
            refired_at = (*refired_at, at)[-FLAP_CYCLES:]
        if alert.status == "resolved" and was.status == "firing" and _ended_before(alert, was):
            alert = was
        return AlertLine(alert, self.first_at, at, self.times + 1, refired_at)


def _ended_before(gone: Alert, firing: Alert) -> bool:
    """True when one occurrence was over before the other began."""
    if gone.ends_at is None or firing.starts_at is None or gone.starts_at == firing.starts_at:
        return False
    return gone.ends_at < firing.starts_at


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a human wrote in the conversation; `question`: it was put to the agent."""

    at: datetime
    person: str
    text: str
    question: bool = False


@dataclass(slots=True)
class IncidentView:
    """What humans care about. Maps keep the order of first appearance.

    `acked_by` takes care; `human_at` is when any human last did something. `waits_since` is when
    the wait for somebody who cares began, `called` the highest call since then, `calls` all calls
    about the incident itself. `handoff` stands until it is accepted. `delivery` is the id of the
    first delivery, which nobody outside is told.
    """

    id: str = ""
    title: str = ""
    service: str = ""
    severity: Severity = "unknown"
    group_key: str = ""
    source: str = ""
    delivery: str = ""
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
    acked_at: datetime | None = None
    first_acked_at: datetime | None = None
    human_at: datetime | None = None
    waits_since: datetime | None = None
    called: Called | None = None
    calls: tuple[Called, ...] = ()
    snoozed_until: datetime | None = None
    merged_into: str = ""
    conclusion: str = ""
    conclusion_by: str = ""
    findings: tuple[Finding, ...] = ()
    judged: Judgement | None = None
    judged_by: str = ""
    escalated: str = ""
    handoff: Handoff | None = None
    refused: int = 0
    proposals: dict[str, ProposalView] = field(default_factory=dict[str, ProposalView])
    questions: dict[str, QuestionView] = field(default_factory=dict[str, QuestionView])
    said: list[Spoken] = field(default_factory=list[Spoken])
    conversations: dict[str, str] = field(default_factory=dict[str, str])
    broken: dict[str, str] = field(default_factory=dict[str, str])
    summary: str = ""
    learnings: Learnings | None = None

    @property
    def over(self) -> bool:
        """True when nobody investigates it any more: resolved, closed, or part of another."""
        return self.status != "open" or bool(self.merged_into)

    @property
    def calm_at(self) -> datetime | None:
        """When it resolves by itself; None while something fires, or may: a list was cut (D-08)."""
        if self.firing or self.truncated:
            return None
        return max((line.calm_at for line in self.alerts.values()), default=None)

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
        return self.chosen.effect_id.startswith(OUTSIDE)

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
    """How far the investigation is. `queue` holds the Steps that are not done, oldest first."""

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
    question: Spoken | None = None

    @property
    def next(self) -> Pending | None:
        """The Step to carry out now: what somebody asked for from outside first, then the run's."""
        outside = (pending for pending in self.queue if pending.outside)
        return next(outside, self.queue[0] if self.queue else None)

    @property
    def ask_id(self) -> str:
        """The effect id of the next Step a model may choose."""
        return f"r{self.number}s{self.steps + 1}"


@dataclass(slots=True)
class State:
    """The fold of one stream. Made by `fold`, read by everybody, changed by nobody else.

    What changes in place below it, `bot.incident.branch` copies.
    """

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

    def time(self, now: datetime) -> datetime:
        """Return `now`, or the time of the newest event if the clock was set back before it."""
        return now if self.at is None else max(now, self.at)

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
