"""Facts about a proposal: who decided what on which digest, and what was done about it."""

from datetime import datetime

from bot.incident.fact import Fact
from bot.incident.model import CompactError, Verdict
from bot.incident.proposal import Proposal


class ActionProposed(Fact):
    """Humans are asked to allow exactly `proposal`. `reason` is prose and in no digest.

    `preview` is bound by the proposal's `preview_digest`; `before` is the state captured with it.
    """

    effect_id: str
    proposal: Proposal
    digest: str
    action_digest: str
    preview: str
    reason: str
    reason_by: str
    evidence: tuple[str, ...] = ()
    undo_of: str = ""
    template: str = ""
    before: str = ""


class DecisionMade(Fact):
    """A Person's verdict on one revision. `groups_as_of` is when membership was looked up."""

    proposal: str
    revision: int
    digest: str
    person: str
    actor: str
    verdict: Verdict
    reason: str
    rule: str
    policy_digest: str
    groups_as_of: datetime


class DecisionRefused(Fact):
    """Somebody tried to decide and was refused; the incident's state does not change."""

    proposal: str
    digest: str
    actor: str
    why: str
    payload_digest: str


class ProposalApproved(Fact):
    """The quorum was reached."""

    proposal: str
    digest: str


class ProposalDenied(Fact):
    """One deny suffices."""

    proposal: str
    digest: str
    reason: str


class ProposalExpired(Fact):
    """Nobody decided in time, or an approval was not used in time."""

    proposal: str
    digest: str


class ProposalWithdrawn(Fact):
    """The reason for it is gone."""

    proposal: str
    digest: str
    why: str


class ProposalSuperseded(Fact):
    """Replaced, or no longer true; `security` marks bytes that were tampered with (E-07)."""

    proposal: str
    digest: str
    why: str
    by: str = ""
    security: bool = False


class ProposalReminded(Fact):
    """Nobody had decided yet."""

    proposal: str


class ActionStarted(Fact):
    """Committed before the call. `before` is the captured state for the undo."""

    proposal: str
    digest: str
    attempt: str
    nonce: str
    not_after: datetime
    preconditions: tuple[str, ...]
    before: str = ""


class ActionFinished(Fact):
    """The action answered; `evidence` holds its full answer."""

    attempt: str
    ok: bool
    evidence: str
    summary: str
    link: str = ""
    error: CompactError | None = None


class ActionUnknown(Fact):
    """Interrupted between intent and result; never repeated, a human or a read-back decides."""

    attempt: str
    why: str


class ActionReconciled(Fact):
    """The unknown was resolved: by a read-back, or by a person with evidence."""

    attempt: str
    ok: bool
    by: str
    evidence: str


class ActionVerified(Fact):
    """Verification `n` (0-based) passed."""

    proposal: str
    digest: str
    n: int
    evidence: str
    summary: str


class ActionRegressed(Fact):
    """Verification `n` (0-based) failed: the action did not help, or made it worse."""

    proposal: str
    digest: str
    n: int
    evidence: str
    why: str


class ActionUndone(Fact):
    """The undo of `proposal`, itself proposal `by`, succeeded."""

    proposal: str
    by: str
