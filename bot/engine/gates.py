"""Who may investigate now: a bounded number at once, the most severe first; it never awaits."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.incident.effects import AskModel, Effect, RunTools
from bot.incident.model import SEVERITIES
from bot.incident.state import State

CALL_S = 15.0
"""A place that was called up and not taken for so long goes to the next one."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """An investigation that wants a place. A lower `rank` is more urgent; then the older one."""

    incident: str
    service: str
    rank: int
    at: datetime


def ticket_of(state: State) -> Ticket:
    """Return the ticket of an opened incident; without a service it is a service of its own."""
    view = state.incident
    if view.opened_at is None:
        raise ValueError("no incident was opened in this stream")
    rank = SEVERITIES.index(view.severity)
    return Ticket(state.stream, view.service or state.stream, rank, view.opened_at)


def investigates(effect: Effect) -> bool:
    """Tell whether an effect needs a place: a long look that nobody asked for by name.

    Decisions, actions, expiries, first cards and what a human asked for never wait for one.
    """
    if isinstance(effect, RunTools):
        return not (effect.asked or effect.pending.outside)
    return isinstance(effect, AskModel) and not effect.asked


class Turnstile:
    """Hands out `total` places, at most `each` a service; all calls are from one event loop.

    Whoever is refused is queued and does not wait: `called` is given its incident when a place is
    kept for it, and then `enter` says yes. Losing that call loses nothing, because the place goes
    to the next after `CALL_S`, and whoever asks again is queued again with its old age.

    Args:
        total: Investigations at once.
        each: Investigations of one service at once.
        called: Told when it is an incident's turn; must not call back into the gate.
        seconds: A monotonic clock.
    """

    def __init__(
        self, total: int, each: int, called: Callable[[str], None], seconds: Callable[[], float]
    ) -> None:
        self._total = total
        self._each = each
        self._called = called
        self._seconds = seconds
        self._inside: dict[str, Ticket] = {}
        self._kept: dict[str, tuple[Ticket, float]] = {}
        self._queue: dict[str, Ticket] = {}
        self._used: Counter[str] = Counter()

    def enter(self, ticket: Ticket) -> bool:
        """Take a place; False: none is free, or others come first, and it is queued."""
        incident = ticket.incident
        if incident in self._inside:
            return True
        kept = self._kept.pop(incident, None)
        if kept is not None:
            self._inside[incident] = kept[0]
            return True
        self._queue[incident] = ticket
        self._call_up(asking=incident)
        return incident in self._inside

    def leave(self, incident: str) -> None:
        """Give back the place, or the place in the queue; harmless when there is neither."""
        self._queue.pop(incident, None)
        kept = self._kept.pop(incident, None)
        ticket = self._inside.pop(incident, None) or (kept[0] if kept else None)
        if ticket is not None:
            self._used[ticket.service] -= 1
        self._call_up()

    def ahead(self, incident: str) -> int | None:
        """Return how many queued ones come first as things stand; None when it is not queued."""
        ticket = self._queue.get(incident)
        if ticket is None:
            return None
        mine = _urgency(ticket)
        return sum(_urgency(other) < mine for other in self._queue.values())

    @property
    def inside(self) -> int:
        """How many places are taken or kept for somebody."""
        return len(self._inside) + len(self._kept)

    @property
    def waiting(self) -> tuple[str, ...]:
        """The queued incidents, in no order."""
        return tuple(self._queue)

    def _call_up(self, asking: str = "") -> None:
        """Give free places to the most urgent; `asking` gets its own at once, others are called."""
        self._lapse()
        while self.inside < self._total:
            ticket = min(
                (one for one in self._queue.values() if self._used[one.service] < self._each),
                key=self._turn,
                default=None,
            )
            if ticket is None:
                return
            del self._queue[ticket.incident]
            self._used[ticket.service] += 1
            if ticket.incident == asking:
                self._inside[asking] = ticket
            else:
                self._kept[ticket.incident] = (ticket, self._seconds() + CALL_S)
                self._called(ticket.incident)

    def _turn(self, ticket: Ticket) -> tuple[int, int, datetime, str]:
        """Severity first; among equals the service that has the fewest places; then age."""
        return (ticket.rank, self._used[ticket.service], ticket.at, ticket.incident)

    def _lapse(self) -> None:
        now = self._seconds()
        for incident, (ticket, until) in list(self._kept.items()):
            if until <= now:
                del self._kept[incident]
                self._used[ticket.service] -= 1
        self._used += Counter()  # drops the services that have none


def _urgency(ticket: Ticket) -> tuple[int, datetime, str]:
    return (ticket.rank, ticket.at, ticket.incident)
