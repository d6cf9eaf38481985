"""Proposing again what expired: the same tool and arguments, everything else read anew. Pure."""

from bot.incident.facts_run import StepChosen
from bot.incident.state import RENEWAL, State
from bot.incident.steps import ProposeAction
from bot.incident.views import ProposalView


def renewed(state: State, view: ProposalView, effect_id: str) -> StepChosen | str:
    """Return the Step that puts an expired proposal before humans once more, or why not.

    It is as if whoever wanted it first asked again: renewing it makes nobody its requester.
    """
    name = f"P-{view.proposal.id}"
    if view.status != "expired":
        return f"{name} is {view.status}; only what expired is proposed again."
    if state.incident.over:
        return f"{name} is not needed any more: nobody works on {state.incident.id}."
    if view.asked.undo_of:
        return f"{name} is an undo; say: undo P-{view.asked.undo_of}"
    same = [
        other
        for other in state.incident.proposals.values()
        if other.asked.action_digest == view.asked.action_digest
    ]
    if same[-1] is not view:
        return f"P-{same[-1].proposal.id} proposes the same and is {same[-1].status}."
    step = ProposeAction(
        tool=view.proposal.tool,
        args=view.proposal.args,
        reason=view.asked.reason,
        template=view.asked.template,
    )
    if any(pending.chosen.step == step for pending in state.run.queue):
        return f"{name} is being proposed again already."
    requester = view.proposal.requested_by
    by = requester if requester.startswith("person:") else RENEWAL
    return StepChosen(effect_id=effect_id, step=step, by=by)
