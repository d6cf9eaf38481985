"""What an approval of high risk needs besides a verdict: a proof of who gives it (E-24)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.incident.authority import Person
from bot.incident.facts_action import StepUpAsked
from bot.incident.views import ProposalView
from bot.incident.vouching import Vouching
from bot.ports import Claim, Draft, NoProof, Outcome, Proof, Refusal, Reply, Sealer, StepUp

Proven = Proof | NoProof | None
"""What a one-time code came to; None when none was given."""

SURFACES = frozenset({"web", "api"})
"""Where a one-time code may be given; what is typed in chat, others read."""
NOT_HERE = "A one-time code counts only on the page; never write it in chat, wait for the next one."


class Proving:
    """Has a proof checked, or asks for one and says where it is given."""

    def __init__(
        self,
        step_up: StepUp,
        base_url: Callable[[], str],
        vouching: Callable[[], Vouching] = Vouching,
    ) -> None:
        self._step_up = step_up
        self._base_url = base_url
        self._vouching = vouching

    def one_with(self, view: ProposalView, person: Person, now: datetime) -> str:
        """Return why a person's proof counts for nothing beside the approvals so far, or ""."""
        others = [made.person for _, made in view.decisions if made.verdict == "approve"]
        other = self._vouching().one_with(person.name, others, now)
        if not other:
            return ""
        return (
            f"{other} approved it, and one of you helped the other to their one-time codes less "
            "than a day ago, so you count as one person for now; somebody else approves it too"
        )

    async def tried(self, claim: Claim, reply: Reply) -> Proof | NoProof | None:
        """Return what the reply's code proves, and spend it; None when it brings no code.

        Raises:
            BusyError: The database is away; nothing was spent.
        """
        if not reply.code:
            return None
        if reply.channel not in SURFACES:
            return NoProof(NOT_HERE)
        if not await self._step_up.ready(claim.person):
            where = f"{self._base_url()}/me/step-up"
            return NoProof(f"You have not set up one-time codes yet; do so first: {where}")
        return await self._step_up.prove(claim, reply.code)

    def ask(
        self, claim: Claim, view: ProposalView, reply: Reply
    ) -> tuple[Draft | Refusal, Outcome]:
        """Ask for a proof instead of deciding; kept as a fact once a person and digest."""
        what = "High risk is" if view.proposal.risk == "high" else "This action is"
        page = f"{self._base_url()}/proposals/{claim.proposal}"
        text = f"{what} approved on the page with your one-time code: {page}"
        outcome = Outcome(text, "refused", view.proposal.incident, claim.proposal)
        if claim.person in view.awaiting:
            return Refusal(text), outcome
        asked = StepUpAsked(
            proposal=claim.proposal,
            digest=claim.digest,
            person=claim.person,
            verdict=claim.verdict,
        )
        return Draft(reply.actor, (asked,)), outcome


@dataclass(frozen=True, slots=True)
class Warrants:
    """What backs a decision: the proof of who gives it, and the seal that it was given here."""

    proving: Proving
    sealer: Sealer


def claim_of(view: ProposalView, person: Person) -> Claim:
    """Return what a proof by this person would be for: their approval of these bytes."""
    return Claim(person.name, view.proposal.id, view.asked.digest, "approve")
