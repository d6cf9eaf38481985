"""What the agent does not propose once more: the same action, or one like a denied one. Pure."""

from collections.abc import Iterator

from bot.incident.facts_action import ActionProposed
from bot.incident.proposal import Proposal
from bot.incident.state import OUTSIDE, State
from bot.incident.views import ProposalView


def repeated(state: State, wanted: Proposal, action: str, reason: str) -> str:
    """Return why the agent may not propose this in this incident; empty when it may (E-40).

    `action` is its action_digest. The same action is proposed once. After a denial, another one
    with the same tool on the same target is proposed once at most, and only for another reason.
    """
    for view in state.incident.proposals.values():
        if any(asked.action_digest == action for asked in _asked(view)):
            return f"P-{view.proposal.id} proposed exactly this already and is {view.status}"
    near = [view for view in state.incident.proposals.values() if _alike(view.proposal, wanted)]
    denied = [view for view in near if view.status == "denied"]
    if not denied:
        return ""
    name = f"P-{denied[-1].proposal.id}"
    tries = near[near.index(denied[0]) + 1 :]
    if any(not view.asked.effect_id.startswith(OUTSIDE) for view in tries):
        return f"{name} was denied, and one more like it was proposed since; that is enough"
    if any(_words(reason) == _words(asked.reason) for view in denied for asked in _asked(view)):
        return f"{name} was denied, and this would be proposed for the same reason"
    return ""


def _asked(view: ProposalView) -> Iterator[ActionProposed]:
    yield from (one.asked for one in view.earlier)
    yield view.asked


def _alike(one: Proposal, other: Proposal) -> bool:
    return (one.tool, one.target, one.environment) == (other.tool, other.target, other.environment)


def _words(reason: str) -> list[str]:
    """Return what a reason says, without its looks."""
    return [word for word in "".join(map(_letter, reason.casefold())).split() if word]


def _letter(char: str) -> str:
    return char if char.isalnum() else " "
