"""Revisions of a proposal (E-09): who wrote what would run, and what an edit names. Pure."""

from bot.incident.model import Args
from bot.incident.state import EDIT, State
from bot.incident.views import ProposalView

PERSON = "person:"


def edit_id(view: ProposalView, token: str) -> str:
    """Return the effect id of an edit of the revision that stands now."""
    return f"{EDIT}{view.proposal.id}-{view.proposal.revision}-{token}"


def edit_target(effect_id: str) -> tuple[str, int]:
    """Return (proposal id, revision) that a Step with this effect id edits; ("", 0) for none."""
    if not effect_id.startswith(EDIT):
        return "", 0
    identifier, _, rest = effect_id.removeprefix(EDIT).partition("-")
    number = rest.partition("-")[0]
    return (identifier, int(number)) if number.isdecimal() else ("", 0)


def edited_proposal(state: State, effect_id: str) -> ProposalView | None:
    """Return the proposal that a Step with this effect id edits, in whatever revision it is now."""
    return state.incident.proposals.get(edit_target(effect_id)[0])


def out_of_date(view: ProposalView, revision: int) -> str:
    """Return why an edit of `revision` comes too late; empty while that revision waits."""
    name = f"P-{view.proposal.id}"
    if view.proposal.revision != revision:
        return f"{name} is at revision {view.proposal.revision} by now; look at it, then edit that"
    if view.status != "pending":
        return f"{name} is {view.status}; only what waits for a decision is edited"
    return ""


def editors(state: State, tool: str, args: Args) -> tuple[str, ...]:
    """Return who wrote exactly these arguments in this incident by an edit, as `person:NAME`.

    Whoever edited an action stays its co-author when it is proposed once more under another id.
    """
    found = [
        editor
        for view in state.incident.proposals.values()
        for asked in (*(one.asked for one in view.earlier), view.asked)
        if (asked.proposal.tool, asked.proposal.args) == (tool, args)
        for editor in asked.proposal.edited_by
    ]
    return tuple(dict.fromkeys(found))


def author_name(author: str) -> str:
    """Return the name in `person:NAME`, and anything else as it is."""
    return author.removeprefix(PERSON)
