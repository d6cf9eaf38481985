"""Facts about a proposal: who decided what on which digest, and what was done about it."""

from datetime import datetime

from pydantic import Field, JsonValue

from bot.incident.fact import Fact
from bot.incident.model import CompactError, Verdict
from bot.incident.proposal import Proposal


class ActionProposed(Fact):
    """Humans are asked to allow exactly `proposal`. `reason` is prose and in no digest.

    `preview` is bound by the proposal's `preview_digest`; `before` is the state captured with it.
    `risk_why` says in words what made the risk what it is (E-21). A revision above 1 replaces the
    one before it under the same id (E-09).
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
    risk_why: tuple[str, ...] = ()


class DecisionMade(Fact):
    """A Person's verdict on one revision. `groups_as_of` is when `groups` were looked up.

    `step_up` names how the person proved anew who they are ("totp"; "" when they did not, E-24).
    `seal` is a MAC over the other fields by a key the database does not hold ("" before there was
    one): who can write the log cannot write a decision that the executor believes. `shown` is the
    digest of the trusted card as it was put before the person, where the surface knows it (E-42).
    `case` is all that the policy was asked about, so that another engine can replay it (E-20).
    """

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
    groups: tuple[str, ...] = ()
    step_up: str = ""
    shown: str = ""
    seal: str = ""
    case: dict[str, JsonValue] = Field(default={})


class StepUpAsked(Fact):
    """A person wants to decide, and must first prove anew who they are, on the page (E-24)."""

    proposal: str
    digest: str
    person: str
    verdict: Verdict


class ProposalUninspectable(Fact):
    """Nobody can inspect what it would do (any more), so nobody can approve it (E-05).

    Its tool is not open here, its arguments no longer fit it, or something in it cannot be seen.
    """

    proposal: str
    digest: str
    why: str


class DecisionRefused(Fact):
    """Somebody tried to decide and was refused; the incident's state does not change.

    Where the policy refused, `person`, `groups`, `rule` ("" when none matched), `policy_digest` and
    `case` are what it was asked and what it answered by, so that it can be replayed (E-20).
    """

    proposal: str
    digest: str
    actor: str
    why: str
    payload_digest: str
    person: str = ""
    groups: tuple[str, ...] = ()
    rule: str = ""
    policy_digest: str = ""
    case: dict[str, JsonValue] = Field(default={})


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
    """Nobody had decided yet; `to` names the persons who were asked again, maybe nobody.

    `quiet` has quiet hours and was left in peace. `last`: nobody at all could be called.
    """

    proposal: str
    to: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    last: bool = False


class ActionStarted(Fact):
    """Committed before the call. `before` is the captured state for the undo.

    `decisions` names the decisions the grant rests on (E-07); empty in older logs.
    """

    proposal: str
    digest: str
    attempt: str
    nonce: str
    not_after: datetime
    preconditions: tuple[str, ...]
    before: str = ""
    decisions: tuple[str, ...] = ()


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
