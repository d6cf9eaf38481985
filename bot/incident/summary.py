"""The closing summary and the four learnings of an incident: deterministic text from the state."""

from datetime import datetime

from bot.incident.ending import BY_RULE
from bot.incident.facts_alerts import IncidentClosed, Learnings
from bot.incident.state import IncidentView, State
from bot.incident.views import ProposalView

DONE = frozenset({"succeeded", "rolled_back", "failed", "unknown"})


def closing(state: State) -> IncidentClosed:
    """Return the fact that closes the incident; the same state gives the same bytes."""
    return IncidentClosed(summary=summary(state), learnings=learnings(state))


def summary(state: State) -> str:
    """Return one paragraph: what it was, what was found, what was done, how long it took."""
    view = state.incident
    parts = [f"{view.title}{f' on {view.service}' if view.service else ''}."]
    if view.conclusion:
        parts.append(_concluded(view))
    parts.extend(_did(proposal) for proposal in view.proposals.values())
    if view.opened_at is not None and view.resolved_at is not None:
        parts.append(
            f"Resolved after {lasted(view.opened_at, view.resolved_at)}: {view.resolved_why}."
        )
    return " ".join(parts)


def learnings(state: State) -> Learnings:
    """Return context, solution, learning and impact; every field says something."""
    view = state.incident
    loaded = state.run.context
    runbook = loaded.runbook.name if loaded and loaded.runbook else "no runbook"
    changes = len(loaded.changes) if loaded else 0
    done = [_did(one) for one in view.proposals.values() if one.status in DONE]
    verdict = f"judged {view.judged} by {view.judged_by}" if view.judged else "not judged yet"
    context = f"{len(view.alerts)} alerts, {changes} changes in the window, {runbook}"
    fired = (
        lasted(view.opened_at, view.resolved_at)
        if view.opened_at and view.resolved_at
        else "unknown"
    )
    return Learnings(
        context=context,
        solution=" ".join(done) or "nothing was changed by the bot",
        learning=f"{view.conclusion or 'no conclusion was reached'} ({verdict})",
        impact=f"severity {view.severity}, fired for {fired}",
    )


def lasted(start: datetime, end: datetime) -> str:
    """Return a duration in words: `42 s`, `3 min 5 s`, `2 h 10 min`."""
    seconds = max(int((end - start).total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _concluded(view: IncidentView) -> str:
    """Return the conclusion; who the model was, and whether a human agreed, where one said it."""
    if not view.conclusion_by or view.conclusion_by in BY_RULE:
        return view.conclusion
    stands = f"judged {view.judged} by {view.judged_by}" if view.judged else "not confirmed"
    return f"Concluded by {view.conclusion_by} ({stands}): {view.conclusion}"


def _did(view: ProposalView) -> str:
    proposal = view.proposal
    people = ", ".join(made.person for _, made in view.decisions if made.verdict == "approve")
    by = f" approved by {people}" if people else ""
    count = f"{view.verified} check{'' if view.verified == 1 else 's'}"
    checks = f", {count} passed" if view.verified else ""
    worse = f", then a check failed ({view.regressed})" if view.regressed else ""
    return f"{proposal.title} (P-{proposal.id}){by}: {view.status}{checks}{worse}."
