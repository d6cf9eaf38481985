"""What one verdict on one proposal comes to, as of now; finds, looks up and writes nothing."""

from datetime import datetime

from bot.incident.authority import Person, Rule
from bot.incident.facts_action import (
    DecisionMade,
    DecisionRefused,
    ProposalApproved,
    ProposalDenied,
)
from bot.incident.leaves import uninspectable
from bot.incident.model import Verdict
from bot.incident.policy import Allow, Case, Refuse, Wish, evaluate
from bot.incident.state import State
from bot.incident.stepup import asks_proof
from bot.incident.views import ProposalView
from bot.intake.proving import Proven, Warrants, claim_of
from bot.intake.replay import replayable
from bot.intake.wording import how_to_renew, state_line, unnamed
from bot.knowledge.case import as_asked, case_of
from bot.knowledge.operator_rule import stands_back
from bot.knowledge.redact import redact
from bot.ports import (
    Claim,
    Clock,
    Draft,
    Library,
    NoProof,
    Outcome,
    OutcomeKind,
    Proof,
    Refusal,
    Reply,
)

DIGEST_CHARS = 12
REASON_CHARS = (5, 1000)
VERDICTS: dict[str, Verdict] = {"approve": "approve", "deny": "deny"}
Said = tuple[Draft | Refusal, Outcome]
"""What is to be written, and what whoever spoke is told."""


class Verdicts:
    """Judges by the people, the policy and the hour as they are now, for every surface."""

    def __init__(self, library: Library, clock: Clock, warrants: Warrants) -> None:
        self._library = library
        self._clock = clock
        self._proving = warrants.proving
        self._sealer = warrants.sealer

    def allowed(
        self, view: ProposalView, person: Person, channel: str, wish: Wish
    ) -> Allow | Refuse:
        """Return whether this person may do so now, through `channel`: the one place that asks."""
        back = stands_back(person, self._library.policy, self._library)
        if back:
            return Refuse(None, back)
        case = self._case(view, channel)
        found = evaluate(self._library.policy, case, person, view.decisions, verdict=wish)
        if wish == "approve" and isinstance(found, Allow) and self._asks(found.rule, view):
            why = self._proving.one_with(view, person, self._clock.now())
            return Refuse(found.rule, why) if why else found
        return found

    def _case(self, view: ProposalView, channel: str) -> Case:
        """Return what the policy is asked about this proposal, decided through `channel`."""
        return case_of(view.proposal, self._library, self._clock.now(), channel)

    @staticmethod
    def stale(view: ProposalView, reply: Reply, now: datetime) -> tuple[str, OutcomeKind] | None:
        """Return why nobody can decide on what the reply saw, whoever they are, or None."""
        proposal = view.proposal
        if view.status != "pending":
            return f"Too late: {state_line(view)}", "already"
        if saw_another(view, reply):
            return "That card is out of date. Open the proposal again before you decide.", "refused"
        if reply.verdict == "approve" and proposal.revision > 1 and not reply.digest12:
            return unnamed(view), "refused"
        if proposal.expires_at <= now:
            why = f"P-{proposal.id} has expired, so nothing was done. {how_to_renew(view)}"
            return why, "refused"
        if reply.verdict == "approve" and (unseen := uninspectable(proposal)):
            return f"It cannot be approved: {unseen}.", "refused"
        return None

    def claim(
        self, view: ProposalView, person: Person, reply: Reply, now: datetime
    ) -> Claim | None:
        """Return what a proof would be for; None when it would be of no use, so none is spent."""
        decided = any(made.person == person.name for _, made in view.decisions)
        if decided or self.stale(view, reply, now):
            return None
        allowed = self.allowed(view, person, reply.channel, "approve")
        asks = isinstance(allowed, Allow) and self._asks(allowed.rule, view)
        return claim_of(view, person) if asks else None

    def judge(
        self, state: State, view: ProposalView, person: Person, reply: Reply, proof: Proven
    ) -> Said:
        """Return the decision that the reply comes to, or its refusal; `view` is not stale."""
        if reply.verdict not in VERDICTS:
            return refusal_of(state, view, reply, "Say approve or deny.")
        verdict: Verdict = VERDICTS[reply.verdict]
        reason = redact(reply.reason.strip()[: REASON_CHARS[1]]).text
        if verdict == "deny" and len(reason) < REASON_CHARS[0]:
            why = f"A denial needs a reason of at least {REASON_CHARS[0]} characters."
            return refusal_of(state, view, reply, why)
        allowed = self.allowed(view, person, reply.channel, verdict)
        if isinstance(allowed, Refuse):
            why = f"Not decided: {allowed.why.removesuffix('.')}."
            refusal, outcome = refusal_of(state, view, reply, why)
            digest = self._library.policy.digest
            return replayable(
                refusal, self._case(view, reply.channel), person, allowed, digest
            ), outcome
        is_asked = verdict == "approve" and self._asks(allowed.rule, view)
        if is_asked and isinstance(proof, NoProof):
            return refusal_of(state, view, reply, proof.why)
        if is_asked and not (isinstance(proof, Proof) and proof.claim == claim_of(view, person)):
            return self._proving.ask(claim_of(view, person), view, reply)
        now = self._clock.now()
        made = DecisionMade(
            proposal=view.proposal.id,
            revision=view.proposal.revision,
            digest=view.asked.digest,
            person=person.name,
            actor=reply.actor,
            verdict=verdict,
            reason=reason,
            rule=allowed.rule.name,
            policy_digest=self._library.policy.digest,
            groups_as_of=now,
            groups=person.groups,
            step_up=proof.how if is_asked and isinstance(proof, Proof) else "",
            shown=reply.shown,
            case=as_asked(self._case(view, reply.channel)),
        )
        return self._settle(state, view, made, allowed.missing)

    def _asks(self, rule: Rule, view: ProposalView) -> bool:
        """True when an approval needs a proof now."""
        return asks_proof(self._library.policy, rule, view.proposal.risk)

    def _settle(self, state: State, view: ProposalView, made: DecisionMade, missing: int) -> Said:
        """Seal the decision as it will be stored, and add what it settles."""
        identifier, digest = view.proposal.id, view.asked.digest
        name = f"P-{identifier}"
        made = made.model_copy(update={"seal": self._sealer.seal(made)})
        if made.verdict == "deny":
            closing = ProposalDenied(proposal=identifier, digest=digest, reason=made.reason)
            text = f"{name} is denied. The reason is kept with it."
            return (
                Draft(made.actor, (made, closing)),
                Outcome(text, "done", state.stream, identifier),
            )
        if missing:
            more = "one more person" if missing == 1 else f"{missing} more people"
            text = f"Your approval of {name} counts. It needs {more}."
            return Draft(made.actor, (made,)), Outcome(text, "done", state.stream, identifier)
        reached = ProposalApproved(proposal=identifier, digest=digest)
        text = f"{name} is approved: {view.proposal.title}. I run exactly this, once."
        return Draft(made.actor, (made, reached)), Outcome(text, "done", state.stream, identifier)


def saw_another(view: ProposalView, reply: Reply) -> bool:
    """True when the reply saw another revision, or bytes that it does not name well enough."""
    if reply.revision not in {0, view.proposal.revision}:
        return True
    given = reply.digest12
    return given != "" and not (len(given) >= DIGEST_CHARS and view.asked.digest.startswith(given))


def refusal_of(
    state: State, view: ProposalView | None, reply: Reply, why: str, kind: OutcomeKind = "refused"
) -> tuple[Refusal, Outcome]:
    """Refuse, and keep the attempt as a fact with its reason (E-42); `view` None: unreadable."""
    identifier = view.proposal.id if view is not None else reply.proposal[:20]
    fact = DecisionRefused(
        proposal=identifier,
        digest=view.asked.digest if view is not None else "",
        actor=reply.actor,
        why=why[:400],
        payload_digest=reply.payload_digest,
    )
    outcome = Outcome(why, kind, state.stream, identifier)
    return Refusal(why, (fact,), reply.actor), outcome
