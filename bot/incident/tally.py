"""Makes the scoreboard of approvals from facts, in one pass over them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from bot.incident import facts_action as action
from bot.incident.events import Event, Unknown
from bot.incident.fact import Fact
from bot.incident.facts_alerts import ConclusionJudged
from bot.incident.facts_run import ConclusionReached, StepChosen
from bot.incident.trust import Habit, Score, Scoreboard, Week

ENDS: dict[type[Fact], str] = {
    action.ProposalApproved: "approved",
    action.ProposalDenied: "denied",
    action.ProposalExpired: "expired",
    action.ProposalWithdrawn: "withdrawn",
    action.ProposalSuperseded: "superseded",
    action.ProposalUninspectable: "uninspectable",
    action.ActionRegressed: "regressed",
    action.ActionUndone: "undone",
}
WEIGHED: tuple[type[Fact], ...] = (
    *ENDS,
    action.ActionProposed,
    action.DecisionMade,
    action.DecisionRefused,
    action.ActionStarted,
    action.ActionFinished,
    action.ActionUnknown,
    action.ActionReconciled,
    ConclusionReached,
    ConclusionJudged,
    StepChosen,
)
"""The facts a scoreboard is made of; others need not be read."""


@dataclass(slots=True)
class _Life:
    """One proposal so far; `channel` is where its newest verdict came from."""

    action: str
    proposed_at: datetime
    shown_at: datetime
    digest: str
    edits: int = 0
    refused: int = 0
    channel: str = ""
    ends: set[str] = field(default_factory=set[str])
    verdicts: list[tuple[bool, float]] = field(default_factory=list[tuple[bool, float]])


@dataclass(slots=True)
class _Conclusion:
    at: datetime
    verdict: str


def monday_of(at: datetime) -> date:
    """Return the Monday of the ISO week of a time, in UTC."""
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def weeks_begin(now: datetime, weeks: int) -> datetime:
    """Return when the last `weeks` ISO weeks began, this one among them."""
    monday = monday_of(now) - timedelta(weeks=weeks - 1)
    return datetime(monday.year, monday.month, monday.day, tzinfo=UTC)


def tally(events: Iterable[Event], since: datetime, until: datetime) -> Scoreboard:
    """Count what was proposed and concluded from `since` on; one pass over the log's order.

    Facts about what came before `since` are passed over. `until` only says which week is the
    last that is listed.
    """
    count = _Count()
    for event in events:
        if event.at >= since:
            count.take(event)
    return _board(count, since, until)


class _Count:
    """The pass over the events: proposals, conclusions and habits as they come."""

    def __init__(self) -> None:
        self.lives: dict[tuple[str, str], _Life] = {}
        self.attempts: dict[tuple[str, str], _Life] = {}
        self.conclusions: dict[str, list[_Conclusion]] = {}
        self.habits: dict[str, Habit] = {}
        self.refused: Counter[str] = Counter()
        self.steps: Counter[str] = Counter()

    def take(self, event: Event) -> None:
        """Count one event."""
        body, stream = event.body, event.stream
        match body:
            case action.ActionProposed():
                self._propose(event, body)
            case action.DecisionMade():
                self._decide(event, body)
            case action.DecisionRefused():
                self._refuse(stream, body)
            case ConclusionReached(question=""):
                verdict = "unjudged" if body.findings else "abstained"
                self.conclusions.setdefault(stream, []).append(_Conclusion(event.at, verdict))
            case StepChosen(agreed=bool() as agreed):
                self.steps["agreed" if agreed else "differed"] += 1
            case StepChosen(fallback=kind) if kind:
                self.steps["fallback"] += 1
            case ConclusionJudged():
                for newest in self.conclusions.get(stream, [])[-1:]:
                    newest.verdict = body.verdict
            case _:
                self._act(event)
                self._close(event)

    def _propose(self, event: Event, body: action.ActionProposed) -> None:
        key = (event.stream, body.proposal.id)
        life = self.lives.get(key)
        if life is None:
            self.lives[key] = _Life(body.proposal.action, event.at, event.at, body.digest)
        else:  # a revision takes the place of the one before it, with what became of that
            life.edits += 1
            life.shown_at, life.digest = event.at, body.digest
            life.ends.clear()

    def _decide(self, event: Event, body: action.DecisionMade) -> None:
        life = self.lives.get((event.stream, body.proposal))
        if life is None:
            return
        verdict = (body.verdict == "approve", max((event.at - life.shown_at).total_seconds(), 0.0))
        life.verdicts.append(verdict)
        life.channel = surface(body.actor)
        habit = self.habits.setdefault(body.person, Habit())
        habit.approvals += verdict[0]
        habit.denials += not verdict[0]
        habit.last.append(verdict)

    def _refuse(self, stream: str, body: action.DecisionRefused) -> None:
        self.refused[surface(body.actor)] += 1
        if (life := self.lives.get((stream, body.proposal))) is not None:
            life.refused += 1

    def _act(self, event: Event) -> None:
        body, stream = event.body, event.stream
        match body:
            case action.ActionStarted():
                if (life := self.lives.get((stream, body.proposal))) is not None:
                    self.attempts[stream, body.attempt] = life
            case action.ActionFinished() | action.ActionReconciled():
                self._end((stream, body.attempt), "succeeded" if body.ok else "failed")
            case action.ActionUnknown():
                self._end((stream, body.attempt), "unknown")
            case _:
                pass

    def _end(self, attempt: tuple[str, str], word: str) -> None:
        if (life := self.attempts.get(attempt)) is not None:
            life.ends.add(word)

    def _close(self, event: Event) -> None:
        body = event.body
        word = "" if isinstance(body, Unknown) else ENDS.get(type(body), "")
        life = self.lives.get((event.stream, getattr(body, "proposal", ""))) if word else None
        if life is not None and getattr(body, "digest", life.digest) == life.digest:
            life.ends.add(word)


def surface(actor: str) -> str:
    """Return the channel of an actor: `slack` of `slack:T1/U1`."""
    return actor.partition(":")[0]


def _board(count: _Count, since: datetime, until: datetime) -> Scoreboard:
    first, last = monday_of(since), monday_of(until)
    mondays = (first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1))
    weeks = {monday: Week(monday) for monday in mondays}
    total, actions, channels = Score(), dict[str, Score](), dict[str, Score]()
    conclusions = Counter[str]()
    for life in count.lives.values():
        week = weeks.setdefault(monday_of(life.proposed_at), Week(monday_of(life.proposed_at)))
        scores = [total, week.score, actions.setdefault(life.action, Score())]
        if life.channel:
            scores.append(channels.setdefault(life.channel, Score()))
        for score in scores:
            _add(score, life)
    for channel, refused in count.refused.items():
        channels.setdefault(channel, Score()).counts["refused"] = refused
    for one in (conclusion for known in count.conclusions.values() for conclusion in known):
        week = weeks.setdefault(monday_of(one.at), Week(monday_of(one.at)))
        week.conclusions[one.verdict] += 1
        conclusions[one.verdict] += 1
    return Scoreboard(
        total,
        dict(sorted(actions.items())),
        dict(sorted(channels.items())),
        dict(sorted(count.habits.items())),
        [weeks[monday] for monday in sorted(weeks)],
        conclusions,
        count.steps,
    )


def _add(score: Score, life: _Life) -> None:
    score.counts["proposed"] += 1
    score.counts["edited"] += life.edits
    score.counts["refused"] += life.refused
    score.counts.update(life.ends)
    for approved, seconds in life.verdicts:
        (score.approved_s if approved else score.denied_s).append(seconds)
