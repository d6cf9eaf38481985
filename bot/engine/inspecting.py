"""Looks whether what waits for a decision can still be inspected with the tools of today (E-05)."""

import hashlib
from collections.abc import Iterator

from bot.engine.toolbox import Toolbox, parse_args
from bot.errors import ToolError
from bot.incident.facts_action import ActionProposed, ProposalUninspectable
from bot.incident.leaves import uninspectable
from bot.incident.proposal import canonical
from bot.incident.state import State


def no_longer_readable(box: Toolbox, state: State) -> Iterator[ProposalUninspectable]:
    """Yield a fact for each proposal that waits and that nobody can inspect; asks no target.

    An event that this version cannot decode at all is another matter: the whole incident holds.
    """
    for view in state.incident.proposals.values():
        why = _unreadable(box, view.asked) if view.status == "pending" else ""
        if why:
            yield ProposalUninspectable(
                proposal=view.proposal.id, digest=view.asked.digest, why=why[:400]
            )


def _unreadable(box: Toolbox, asked: ActionProposed) -> str:
    proposal = asked.proposal
    if hashlib.sha256(asked.preview.encode()).hexdigest() != proposal.preview_digest:
        return "its preview is not the one that is in its digest"
    found = box.action(proposal.tool)
    if found is None:
        return f"the action {proposal.tool} is not configured here"
    if why := uninspectable(proposal):
        return why
    try:
        parsed = parse_args(found.tool, proposal.args)
    except ToolError as error:
        return str(error)
    same = canonical(parsed.model_dump(mode="json")) == canonical(proposal.args)
    return "" if same else f"{proposal.tool} would be sent other arguments than it shows"
