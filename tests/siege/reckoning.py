"""What is left after a siege, read from the log itself, and what must hold of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from bot.app.clock import SystemClock
from bot.incident.events import Event
from bot.incident.fact import HOUSE
from bot.incident.facts_action import (
    ActionFinished,
    ActionReconciled,
    ActionStarted,
    ActionUnknown,
    DecisionMade,
)
from bot.incident.facts_alerts import AlertsReceived, IncidentOpened
from bot.incident.reducer import fold
from bot.incident.views import ProposalView
from bot.store.audit import Break
from bot.store.store import Store
from tests.bot.store.derived import derived
from tests.siege.harbour import Harbour
from tests.siege.people import Acknowledged
from tests.siege.scene import berth, fingerprints

Rows = Mapping[str, Sequence[Mapping[str, object]]]


@dataclass(frozen=True)
class Left:
    """The log as it stands, and every call that arrived outside, by key and by berth."""

    events: Mapping[str, Sequence[Event]]
    breaks: Sequence[Break]
    keys: Counter[str]
    berths: Counter[str]

    @property
    def incidents(self) -> dict[str, Sequence[Event]]:
        """The threads of incidents."""
        return {name: events for name, events in self.events.items() if name != HOUSE}

    @property
    def views(self) -> list[ProposalView]:
        """Every proposal as it stands."""
        states = [fold(events) for events in self.incidents.values()]
        return [view for state in states for view in state.incident.proposals.values()]

    def unknown(self) -> dict[str, str]:
        """Return proposal → attempt of what no one knows the outcome of."""
        return {view.proposal.id: view.attempt for view in self.views if view.status == "unknown"}


async def left(url: str, harbour: Harbour) -> Left:
    """Read everything; the bot may be running."""
    async with Store.open(url, SystemClock(), read_only=True) as store:
        breaks = await store.verify()
        events = {stream: await store.log.load(stream) for stream in await store.log.heads()}
    keys, berths = harbour.ledger()
    return Left(events, breaks, keys, berths)


async def made_anew(url: str) -> tuple[Rows, Rows]:
    """Return the derived tables as they stand, and after a rebuild; no bot may be running."""
    async with Store.open(url, SystemClock()) as store:
        stood = await derived(store)
        await store.rebuild()
        return stood, await derived(store)


def nothing_lost(left: Left, acknowledged: Mapping[int, Acknowledged], approved: set[str]) -> None:
    """Check that each acknowledged parcel is in the incident it was told, once, and approvals."""
    places: dict[str, list[str]] = {}
    for incident, events in left.incidents.items():
        for event in events:
            if isinstance(event.body, AlertsReceived):
                for alert in event.body.alerts:
                    places.setdefault(alert.fingerprint, []).append(incident)
    told = {
        name: answer.incidents
        for number, answer in acknowledged.items()
        for name in fingerprints(number)
    }
    assert {name: places.get(name) for name in told} == told
    assert len(set(chain.from_iterable(told.values()))) == len(acknowledged)
    decided = {view.proposal.id for view in left.views if view.decisions}
    assert approved <= decided


def nothing_twice(left: Left) -> None:
    """Check that no fact was written twice, and that no berth was opened twice."""
    assert left.breaks == []
    for events in left.events.values():
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
    bodies = [event.body for events in left.incidents.values() for event in events]
    opened = Counter(body.service for body in bodies if isinstance(body, IncidentOpened))
    assert most(opened) <= 1, opened.most_common(3)
    decided = Counter(body.digest for body in bodies if isinstance(body, DecisionMade))
    assert most(decided) <= 1, decided.most_common(3)
    started = Counter(body.digest for body in bodies if isinstance(body, ActionStarted))
    assert most(started) <= 1, started.most_common(3)
    results = Counter(
        body.attempt for body in bodies if isinstance(body, ActionFinished | ActionReconciled)
    )
    assert most(results) <= 1, results.most_common(3)
    assert most(left.keys) <= 1, left.keys.most_common(3)
    assert most(left.berths) <= 1, left.berths.most_common(3)
    assert set(left.keys) <= {body.attempt for body in bodies if isinstance(body, ActionStarted)}


def all_settled(left: Left, count: int) -> None:
    """Check that each berth's one proposal was done, or is flagged as unknown; never a guess."""
    views = left.views
    assert sorted(view.proposal.service for view in views) == sorted(map(berth, range(count)))
    for view in views:
        called = left.keys[view.attempt]
        assert view.status in {"succeeded", "unknown"}, (view.proposal.id, view.status)
        assert called or view.status == "unknown", view.proposal.id
    flagged = {
        event.body.attempt
        for events in left.incidents.values()
        for event in events
        if isinstance(event.body, ActionUnknown)
    }
    assert flagged == set(left.unknown().values())


def most(counted: Counter[str]) -> int:
    """Return how often the most frequent one came; 0 for none."""
    return max(counted.values(), default=0)
