"""The sentences the inbox answers with: who decided, when, and what to do now."""

from datetime import datetime

from bot.incident.reducer import State
from bot.incident.views import ProposalView

STRANGER = (
    "I do not know who you are, so nothing was done. "
    "Say link to tie this account to yourself, or ask an admin to add it to people.yaml."
)


def clock_time(at: datetime) -> str:
    """Return `14:03:22 UTC`."""
    return f"{at:%H:%M:%S} UTC"


def day_time(at: datetime) -> str:
    """Return `5 Jan 14:03 UTC`."""
    return f"{at.day} {at:%b %H:%M} UTC"


def how_to_renew(view: ProposalView) -> str:
    """Return what to say to have an expired proposal put forward again."""
    return f"To have it proposed again, read anew, say: renew P-{view.proposal.id}"


def how_it_stands(state: State, question: str = "") -> str:
    """Return why there is nothing to answer: who answered when, or what the default said.

    `question` is the id of the one that is meant, "" for the newest.
    """
    views = state.incident.questions
    view = views.get(question) if question else next(reversed(views.values()), None)
    if view is None:
        asked = "I asked nothing like that" if question else "No question was asked"
        return f"{asked} in {state.stream}; nothing was done."
    at = f" at {day_time(view.ended_at)}" if view.ended_at is not None else ""
    if view.status == "answered":
        return f"Too late: {view.person} answered that{at} with: {view.value}"
    taken = f"the default stands: {view.value}" if view.value else "it had no default"
    return f"Too late: that question was closed{at} without an answer; {taken}."


def state_line(view: ProposalView) -> str:
    """Return where a proposal is, naming who decided and when."""
    name = f"P-{view.proposal.id}"
    if view.status == "pending":
        got = ", ".join(made.person for _, made in view.decisions)
        return f"{name} waits for a decision{f'; approved so far by {got}' if got else ''}."
    if view.last is not None:
        at, made = view.last
        verb = "denied" if made.verdict == "deny" else "approved"
        now = "" if view.status in {"approved", "denied"} else f" It is {view.status}."
        if view.status == "expired":
            now = f" It is expired: {view.why}. {how_to_renew(view)}"
        return f"{name} was {verb} by {made.person} at {clock_time(at)}.{now}"
    why = f": {view.why}" if view.why else ""
    then = f" {how_to_renew(view)}" if view.status == "expired" else ""
    return f"{name} is {view.status}{why}.{then}"


def unnamed(view: ProposalView) -> str:
    """Return why words that name no revision do not approve what was edited (E-09)."""
    name = f"P-{view.proposal.id}"
    return (
        f"{name} was edited: it is at revision {view.proposal.revision} now. Open it and approve "
        f"it there, or say: approve {name} and the first 12 characters of the digest on its card."
    )
