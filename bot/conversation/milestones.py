"""When what happened in an incident: the times a postmortem counts from. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.incident import facts_action, facts_alerts
from bot.incident.events import Event
from bot.incident.state import State

STOOD = frozenset({"succeeded"})


@dataclass(frozen=True, slots=True)
class Milestones:
    """Times in UTC, None where nothing tells.

    `began_at` is what the first alert says of itself. It was mitigated when the first check after
    an action passed that neither regressed nor was undone later; `mitigated_by` is that proposal.
    """

    began_at: datetime | None
    opened_at: datetime | None
    acked_at: datetime | None
    mitigated_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    mitigated_by: str = ""


def milestones(state: State, events: Sequence[Event]) -> Milestones:
    """Return the times of a thread and what it folds to."""
    view = state.incident
    helped = _helped(state, events)
    return Milestones(
        began_at=_began(view.opened_at, events),
        opened_at=view.opened_at,
        acked_at=_first_ack(events),
        mitigated_at=helped[0] if helped else None,
        resolved_at=view.resolved_at,
        closed_at=view.closed_at,
        mitigated_by=helped[1] if helped else "",
    )


def seconds_between(start: datetime | None, end: datetime | None) -> int | None:
    """Return the whole seconds from one to the other, never below 0; None where one is missing."""
    if start is None or end is None:
        return None
    return max(int((end - start).total_seconds()), 0)


def _began(opened_at: datetime | None, events: Iterable[Event]) -> datetime | None:
    starts = [
        alert.starts_at
        for event in events
        if isinstance(event.body, facts_alerts.AlertsReceived)
        for alert in event.body.alerts
        if alert.starts_at is not None
    ]
    if not starts or opened_at is None:
        return None
    return min(*starts, opened_at)


def _first_ack(events: Iterable[Event]) -> datetime | None:
    for event in events:
        match event.body:
            case facts_alerts.IncidentAcked():
                return event.at
            case facts_alerts.IncidentHandedOff(accepted=True):
                return event.at
            case _:
                pass
    return None


def _helped(state: State, events: Iterable[Event]) -> tuple[datetime, str] | None:
    for event in events:
        if isinstance(event.body, facts_action.ActionVerified):
            view = state.incident.proposals.get(event.body.proposal)
            if view is not None and view.status in STOOD and not view.regressed:
                return event.at, event.body.proposal
    return None
