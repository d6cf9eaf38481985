"""What a closed incident suggests to mend next: rules over its state, at most three. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.conversation.phrases import counted
from bot.incident.alarms import SELF
from bot.incident.state import State

MOST = 3
Size = Literal["high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """One thing to mend, and how much it would bring and cost."""

    text: str
    impact: Size
    effort: Size


def follow_ups(state: State) -> tuple[FollowUp, ...]:
    """Return what the thread itself suggests, the most telling first; empty when nothing does."""
    return tuple(_all(state))[:MOST]


def _all(state: State) -> Iterator[FollowUp]:
    yield from _of_actions(state)
    yield from _of_conclusion(state)
    yield from _of_knowledge(state)
    yield from _of_history(state)


def _of_actions(state: State) -> Iterator[FollowUp]:
    for view in state.incident.proposals.values():
        name = f"P-{view.proposal.id}"
        if view.regressed:
            text = f"{name} did not hold ({view.regressed}): change what the runbook proposes"
            yield FollowUp(text, "high", "medium")
        elif view.status == "unknown":
            text = f"The outcome of {name} stayed unknown: give its tool a way to read it back"
            yield FollowUp(text, "high", "medium")
        elif view.status == "failed":
            yield FollowUp(f"{name} did not run through: mend what it needs", "high", "medium")


def _of_conclusion(state: State) -> Iterator[FollowUp]:
    view = state.incident
    if view.judged in {"wrong", "partly"}:
        text = f"The conclusion was judged {view.judged}: correct the runbook, keep it as a test"
        yield FollowUp(text, "high", "medium")
    elif view.judged == "not_an_incident":
        yield FollowUp("It was no incident: mend or drop the alert that fired", "high", "low")
    elif not view.findings:
        text = "No cause was found with evidence: add a diagnostic to the runbook"
        yield FollowUp(text, "medium", "medium")


def _of_knowledge(state: State) -> Iterator[FollowUp]:
    loaded = state.run.context
    if loaded is None or state.incident.service == SELF:
        return
    if loaded.runbook is None:
        text = "No runbook matched these alerts: write one, also if it is only five lines"
        yield FollowUp(text, "high", "medium")
    named = state.incident.service or "the service of these alerts"
    if loaded.service is None:
        yield FollowUp(f"services.yaml does not know {named}: add it, with its owner",
                       "medium", "low")  # fmt: skip
    elif not loaded.service.owner:
        yield FollowUp(f"{named} has no owner in services.yaml: name one", "medium", "low")


def _of_history(state: State) -> Iterator[FollowUp]:
    view, loaded = state.incident, state.run.context
    if view.reopened:
        text = f"It was reopened {counted(view.reopened, 'time')}: find out what brings it back"
        yield FollowUp(text, "high", "medium")
    if loaded is not None and loaded.similar:
        names = ", ".join(one.incident for one in loaded.similar)
        text = f"It happened before ({names}): plan a lasting fix instead of the same action"
        yield FollowUp(text, "high", "high")
    if view.broken:
        yield FollowUp(f"These channels could not be reached: {', '.join(view.broken)}",
                       "medium", "low")  # fmt: skip
