"""What an edit makes of a proposal: the next revision, in place of the one before it (E-09)."""

from dataclasses import dataclass

from pydantic import JsonValue

from bot.engine.rejected import Rejected
from bot.incident.fact import Fact
from bot.incident.facts_action import ActionProposed, ProposalSuperseded
from bot.incident.facts_run import StepChosen
from bot.incident.proposal import canonical
from bot.incident.revision import author_name, edit_target, out_of_date
from bot.incident.views import ProposalView


@dataclass(frozen=True, slots=True)
class Place:
    """Which proposal an action becomes, and whose work it is, as `person:NAME` or `bot`."""

    id: str
    revision: int
    requested_by: str
    edited_by: tuple[str, ...] = ()


def next_revision(old: ProposalView, chosen: StepChosen, args: dict[str, JsonValue]) -> Place:
    """Return the place of an edit: same id, one revision on, the editor among its authors.

    Raises:
        Rejected: Another revision stands by now, it does not wait any more, or nothing changes.
    """
    if late := out_of_date(old, edit_target(chosen.effect_id)[1]):
        raise Rejected(late)
    proposal = old.proposal
    if canonical(args) == canonical(proposal.args):
        raise Rejected("it would change nothing; these are its arguments already")
    authors = dict.fromkeys((*proposal.edited_by, chosen.by))
    return Place(proposal.id, proposal.revision + 1, proposal.requested_by, tuple(authors))


def replacing(old: ProposalView, chosen: StepChosen, made: ActionProposed) -> tuple[Fact, ...]:
    """Return the two facts of one write: the old revision goes, and the new one stands.

    Why it is proposed, what it rests on and what it undoes stay as they were; only who changed
    the arguments, and why, is new.
    """
    asked = old.asked
    kept: dict[str, object] = {"evidence": asked.evidence, "undo_of": asked.undo_of}
    if not made.reason:
        kept |= {"reason": asked.reason, "reason_by": asked.reason_by}
    gone = ProposalSuperseded(
        proposal=asked.proposal.id,
        digest=asked.digest,
        why=f"edited by {author_name(chosen.by)}",
        by=made.digest,
    )
    return gone, made.model_copy(update=kept)
