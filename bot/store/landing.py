"""What deliveries do to the log, all that wait together in as few statements as it takes; no ORM.

What one delivery costs is mostly statements, and nine of ten are the same for the next one: so
known deliveries and living incidents are looked up together, and rows are written together.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from bot.incident.events import encode, stamp
from bot.incident.facts_alerts import AlertsReceived
from bot.incident.model import Alert
from bot.ports import Accepted, Delivery
from bot.store import search
from bot.store.arrivals import REFIRED_AFTER, Arrival, Incoming, received_body
from bot.store.chain import INSERT, chained
from bot.store.heads import Heads
from bot.store.log import fresh_id
from bot.store.open_groups import Living, OpenGroups, name_of
from bot.store.projection import number_of
from bot.store.statements import BEHIND, CHUNK, KEEP, KNOWN, OPEN, SEE, SEEN_BY, UNLOGGED
from bot.store.tx import Parameters, Tx, chunks


def land(tx: Tx, heads: Heads, window: timedelta, waiting: Sequence[Incoming]) -> list[Accepted]:
    """Write what these deliveries bring, in their order, and return what became of each.

    A group that was silent for `window` may open a new incident.
    """
    known = _known(tx, waiting)
    first: dict[tuple[str, ...], Incoming] = {}
    for incoming in waiting:
        if incoming.name not in known:
            first.setdefault(incoming.name, incoming)
    landing = Landing(tx, heads, window, list(first.values()))
    done: dict[tuple[str, ...], Accepted] = {}
    for wave in _waves(first.values()):
        landing.mark(wave)
        for incoming in wave:
            done[incoming.name] = landing.place(incoming)
    landing.finish()
    return [
        done[incoming.name]
        if first.get(incoming.name) is incoming
        else Accepted(
            known[incoming.name] if incoming.name in known else done[incoming.name].incidents,
            duplicate=True,
        )
        for incoming in waiting
    ]


def _known(tx: Tx, waiting: Sequence[Incoming]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return the deliveries among these that were stored before, with their incidents."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    doors: dict[tuple[str, ...], list[str]] = {}
    for incoming in waiting:
        doors.setdefault(incoming.row[1:3], []).append(incoming.row[3])
    for door, names in doors.items():
        for some in chunks(names, CHUNK):
            for dedupe, incidents in tx.run(KNOWN, (*door, *some)).fetchall():
                found[*door, str(dedupe)] = tuple(str(incidents).split())
    return found


def _waves(waiting: Iterable[Incoming]) -> Iterator[list[Incoming]]:
    """Divide them so that no two of a wave tell of the same occurrence."""
    wave: list[Incoming] = []
    met: set[str] = set()
    for incoming in waiting:
        keys = set(incoming.keys())
        if not met.isdisjoint(keys):
            yield wave
            wave, met = [], set()
        wave.append(incoming)
        met |= keys
    yield wave


class Landing:
    """Deliveries inside the write transaction; what they write is kept back until `finish`."""

    def __init__(
        self, tx: Tx, heads: Heads, window: timedelta, waiting: Sequence[Incoming]
    ) -> None:
        self._tx = tx
        self._heads = heads
        self._window = window
        self._late_at = stamp(tx.now - REFIRED_AFTER)
        self._groups = OpenGroups(tx, waiting)
        self._events: list[Parameters] = []
        self._kept: list[Parameters] = []
        self._new: dict[str, str] | None = None

    def mark(self, wave: Sequence[Incoming]) -> None:
        """Note every occurrence of a wave, for `place` to know which of them are news."""
        at, late_at = self._tx.at, self._late_at
        rows: list[Parameters] = [
            (key, alert.status, at, incoming.delivery.id, late_at)
            for incoming in wave
            for arrival in incoming.arrivals
            for key, alert in zip(arrival.keys, arrival.alerts, strict=True)
            if key
        ]
        self._new = None
        if not rows or self._tx.run_many(SEE, rows) == len(rows):
            return
        self._new = {}
        for some in chunks([str(row[0]) for row in rows], CHUNK):
            self._new.update(self._tx.run(SEEN_BY, some).fetchall())

    def place(self, incoming: Incoming) -> Accepted:
        """Append what is new of each group to its incident, or to one opened for it.

        A group that was silent for the window and repeats nothing starts a new incident, unless
        it only resolves.
        """
        incidents: dict[str, bool] = {}
        fresh = 0
        for arrival in incoming.arrivals:
            alerts = self._fresh(arrival, incoming.delivery.id)
            fresh += len(alerts)
            incident, is_new = self._settle(incoming.delivery, arrival, alerts)
            if incident:
                incidents[incident] = is_new or incidents.get(incident, False)
        self._kept.append((*incoming.row, " ".join(incidents), incoming.delivery.raw))
        opened = tuple(incident for incident, is_new in incidents.items() if is_new)
        return Accepted(tuple(incidents), opened=opened, repeated=incoming.total - fresh)

    def finish(self) -> None:
        """Write what was kept back."""
        tx = self._tx
        if self._events:
            tx.run_many(INSERT, self._events)
        self._groups.finish()
        if self._kept:
            tx.run_many(KEEP, self._kept)

    def _fresh(self, arrival: Arrival, delivery: str) -> tuple[Alert, ...]:
        """Return the alerts that say something new."""
        new = self._new
        if new is None and None not in arrival.keys:
            return arrival.alerts
        return tuple(
            alert
            for key, alert in zip(arrival.keys, arrival.alerts, strict=True)
            if key == "" or (key is not None and (new is None or new.get(key) == delivery))
        )

    def _settle(
        self, delivery: Delivery, arrival: Arrival, fresh: tuple[Alert, ...]
    ) -> tuple[str, bool]:
        """Return where a group went, and whether that incident was opened for it."""
        spoken_at = stamp(delivery.received_at)
        firing = sum(alert.status == "firing" for alert in fresh)
        group = name_of(delivery, arrival.opening)
        found = self._groups[group]
        if found is not None and firing == len(arrival.alerts):
            quiet_at = stamp(delivery.received_at - self._window)
            found = None if found.alerted_at < quiet_at else found
        if found is None and not firing:
            self._forget_log(arrival, delivery.id)
            return "", False
        body = arrival.body
        if fresh and len(fresh) != len(arrival.alerts):
            body = received_body(delivery, arrival.opening, fresh, arrival.truncated)
        told = (AlertsReceived.__name__, AlertsReceived.v, body)
        if found is None:
            opened = self._open(arrival, fresh, told, spoken_at)
            self._groups.take(group, opened)
            return opened.id, True
        found.spoke(spoken_at)
        if not fresh:
            return found.id, False
        # One more that fires changes nothing about an open incident that `decide` looks at: the
        # loop sleeps on through a storm, and the outbox's sweep brings the card up to date.
        wakes = not (found.is_open and firing == len(fresh))
        by = arrival.opening.by
        found.seq = self._append(found.id, by, [told], wakes=wakes)
        found.firing += firing
        if wakes:
            found.alarm = self._tx.at
        return found.id, False

    def _append(
        self, stream: str, by: str, bodies: Sequence[tuple[str, int, bytes]], *, wakes: bool = True
    ) -> int:
        """Keep events back for their stream; return its new head's seq."""
        seq, rows = chained(self._tx, self._heads, stream, by, bodies, wakes=wakes)
        self._events += rows
        return seq

    def _forget_log(self, arrival: Arrival, delivery: str) -> None:
        """No event tells of these resolves: a rebuild must keep what it cannot find again."""
        rows: list[Parameters] = [(delivery, key) for key in arrival.keys if key]
        if rows:
            self._tx.run_many(UNLOGGED, rows)

    def _open(
        self,
        arrival: Arrival,
        alerts: tuple[Alert, ...],
        told: tuple[str, int, bytes],
        spoken_at: str,
    ) -> Living:
        tx, incident, opening = self._tx, fresh_id(self._tx), arrival.opening
        number = number_of(incident)
        facts = [(type(opening).__name__, opening.v, encode(opening)), told]
        seq = self._append(incident, opening.by, facts)
        firing = sum(alert.status == "firing" for alert in alerts)
        tx.run(
            OPEN,
            (
                *(incident, number, seq, tx.at),
                *(opening.severity, opening.service, opening.title, tx.at),
                *(firing, spoken_at),
            ),
        )
        tx.run(BEHIND, (incident, seq))
        labels = search.labels_text(alert.labels for alert in alerts)
        search.add_incident(tx.connection, number, opening.title, opening.service, labels)
        return Living(incident, is_open=True, alerted_at=spoken_at)
