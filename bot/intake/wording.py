"""The sentences the inbox answers with: who decided, when, and what to do now."""

from datetime import datetime

from bot.incident.state import ProposalView

STRANGER = (
    "I do not know who you are, so nothing was done. "
    "Ask an admin to add your account to people.yaml."
)


def clock_time(at: datetime) -> str:
    """Return `14:03:22 UTC`."""
    return f"{at:%H:%M:%S} UTC"


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
        return f"{name} was {verb} by {made.person} at {clock_time(at)}.{now}"
    why = f": {view.why}" if view.why else ""
    return f"{name} is {view.status}{why}."
