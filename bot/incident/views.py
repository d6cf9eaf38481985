"""What became of one proposal, and of one question: parts of a state that cards are drawn of."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from bot.incident.call import Called
from bot.incident.facts_action import ActionProposed, DecisionMade
from bot.incident.facts_alerts import QuestionAsked
from bot.incident.proposal import TRANSITIONS, Proposal, ProposalStatus


@dataclass(frozen=True, slots=True)
class Earlier:
    """A revision that an edit replaced, as it stood then: its decisions count for nothing now."""

    asked: ActionProposed
    at: datetime
    decisions: tuple[tuple[datetime, DecisionMade], ...]
    why: str

    @property
    def revision(self) -> int:
        """Its number, from 1 up."""
        return self.asked.proposal.revision


@dataclass(slots=True)
class ProposalView:
    """A proposal's newest revision and what became of it. `verified` counts passed verifications.

    `decisions` holds the first of each person, `last` the newest of anybody. `earlier` are the
    revisions that edits replaced, oldest first; `edit_refused` says what became of an edit that
    made none. `superseded_by` is the digest of what stands instead of it, and `replaced_by` is that
    revision's number ("" and 0 while it stands itself). `awaiting` names who wanted to decide and
    must first prove anew who they are, in the order they tried (E-24).
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
    calls: tuple[Called, ...] = ()
    last: tuple[datetime, DecisionMade] | None = None
    earlier: tuple[Earlier, ...] = ()
    edit_refused: str = ""
    replaced_by: int = 0
    superseded_by: str = ""
    awaiting: tuple[str, ...] = ()

    @property
    def revisions(self) -> tuple["ProposalView", ...]:
        """Every revision, oldest first; the last one is this. The others are over."""
        numbers = [one.revision for one in self.earlier[1:]] + [self.proposal.revision]
        older = tuple(
            ProposalView(
                one.asked, one.at, "superseded", list(one.decisions), one.why, replaced_by=number
            )
            for one, number in zip(self.earlier, numbers, strict=False)
        )
        return (*older, self)

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
    calls: tuple[Called, ...] = ()
    ended_at: datetime | None = None
