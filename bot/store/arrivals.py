"""What an alert delivery does to the log, in as few statements as it takes; no fold, no ORM.

An alert's occurrence is (source, route, group, fingerprint, starts_at): it fires once and resolves
once. What brings it no further is left out, so a redelivery, a repeat and the other half of a pair
of Alertmanagers add no event. A resolve that overtakes its firing wins, unless the firing comes so
much later that it is a new one. The group belongs to it: a fingerprint is the sender's word, and
one that two groups share by accident or on purpose must not silence either.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from bot.incident.events import encode, stamp
from bot.incident.facts_alerts import AlertsReceived, IncidentOpened
from bot.incident.grouping import Group
from bot.incident.model import Alert
from bot.ports import Delivery
from bot.store import search
from bot.store.chain import append_bodies
from bot.store.heads import Heads
from bot.store.log import fresh_id
from bot.store.projection import number_of
from bot.store.tx import Parameters, Tx, listed

REFIRED_AFTER = timedelta(minutes=5)
"""A firing this long after the resolve of the same occurrence is no late message."""

SEE = (
    "INSERT INTO alert_seen (key, status, at, delivery, logged) VALUES (?, ?, ?, ?, 1) "
    "ON CONFLICT (key) DO UPDATE SET status = excluded.status, at = excluded.at, "
    "delivery = excluded.delivery, logged = 1 WHERE alert_seen.status <> excluded.status "
    "AND (excluded.status = 'resolved' OR alert_seen.at <= ?)"
)
NEW = "SELECT key FROM alert_seen WHERE delivery = ? AND key IN "
UNLOGGED = "UPDATE alert_seen SET logged = 0 WHERE delivery = ? AND key IN "
PLACE = (
    "SELECT i.id, i.status, i.alerted_at, i.merged_into FROM open_group AS g "
    "JOIN incident AS i ON i.id = g.incident "
    "WHERE g.source = ? AND g.route = ? AND g.group_key = ?"
)
MERGED = "SELECT id, status, alerted_at, merged_into FROM incident WHERE id = ?"
TAKE_GROUP = (
    "INSERT INTO open_group (source, route, group_key, incident) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (source, route, group_key) DO UPDATE SET incident = excluded.incident"
)
OPEN = (
    "INSERT INTO incident (id, number, seq, wake_at, status, severity, service, title, opened_at, "
    "merged_into, pending, alerts, alerted_at, conclusion, action, outcome) "
    "VALUES (?, ?, ?, ?, 'open', ?, ?, ?, ?, '', 0, ?, ?, '', '', '')"
)
JOIN = (
    "UPDATE incident SET seq = ?, wake_at = coalesce(?, wake_at), alerts = alerts + ?, "
    "alerted_at = CASE WHEN alerted_at < ? THEN ? ELSE alerted_at END WHERE id = ?"
)
SPOKEN = "UPDATE incident SET alerted_at = ? WHERE id = ? AND alerted_at < ?"
ENDED = frozenset({"closed", "merged"})
BEHIND = "UPDATE conversation SET behind = 1 WHERE incident = ? AND behind = 0 AND cursor < ?"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A Group with everything made that needs no transaction."""

    opening: IncidentOpened
    truncated: int
    alerts: tuple[Alert, ...]
    keys: tuple[str, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a group went; no `incident` when there was nothing to open one for.

    `fresh` counts its alerts that said something new.
    """

    incident: str
    fresh: int
    opened: bool = False


def occurrences(alerts: Iterable[Alert], by: str, group_key: str) -> tuple[str, ...]:
    """Return what each alert of a group is known by; "" for one whose start is not known.

    `by` is the door it came through, `source:route`.
    """
    group = hashlib.blake2b(f"{by}\x1f{group_key}".encode(), digest_size=16).hexdigest()
    return tuple(
        f"{group}\x1f{alert.fingerprint}\x1f{alert.starts_at.isoformat()}"
        if alert.starts_at is not None
        else ""
        for alert in alerts
    )


def prepare_arrival(delivery: Delivery, group: Group) -> Arrival:
    """Do what can be done outside the writer; an alert said twice in one group counts once."""
    alerts = group.alerts
    by = f"{delivery.source}:{delivery.route}"
    keys = occurrences(alerts, by, group.group_key)
    if len(set(keys)) != len(keys):
        last = {key or f"\x1f{place}": place for place, key in enumerate(keys)}
        alerts = tuple(alerts[place] for place in sorted(last.values()))
        keys = tuple(keys[place] for place in sorted(last.values()))
    opening = IncidentOpened(
        title=group.title,
        service=group.service,
        severity=group.severity,
        group_key=group.group_key,
        by=by,
    )
    body = _body(delivery, opening, alerts, group.truncated)
    return Arrival(opening, group.truncated, alerts, keys, body)


def _body(
    delivery: Delivery, opening: IncidentOpened, alerts: tuple[Alert, ...], truncated: int
) -> bytes:
    return encode(
        AlertsReceived(
            delivery=delivery.id,
            source=delivery.source,
            group_key=opening.group_key,
            alerts=alerts,
            truncated=truncated,
        )
    )


class Landing:
    """One delivery inside the write transaction; its groups are placed one after the other."""

    def __init__(self, tx: Tx, heads: Heads, delivery: Delivery, window: timedelta) -> None:
        self._tx = tx
        self._heads = heads
        self._delivery = delivery
        self._quiet_at = stamp(delivery.received_at - window)
        self._late_at = stamp(tx.now - REFIRED_AFTER)
        self._spoken_at = stamp(delivery.received_at)
        self._mine: set[str] = set()

    def place(self, arrival: Arrival) -> Placed:
        """Append what is new of a group to its incident, or to one opened for it.

        A group that was silent for the window and repeats nothing starts a new incident, unless
        it only resolves.
        """
        fresh = self._mark(arrival)
        firing = sum(alert.status == "firing" for alert in fresh)
        is_anew = firing == len(arrival.alerts)
        found, is_open = self._find(arrival.opening, is_anew=is_anew)
        if found == "" and not firing:
            self._forget_log(arrival)
            return Placed("", len(fresh))
        if not fresh:
            self._tx.run(SPOKEN, (self._spoken_at, found, self._spoken_at))
            return Placed(found, 0)
        body = arrival.body
        if len(fresh) != len(arrival.alerts):
            body = _body(self._delivery, arrival.opening, fresh, arrival.truncated)
        told = ("AlertsReceived", AlertsReceived.v, body)
        if found == "":
            opened = self._open(arrival.opening, fresh, told, firing)
            return Placed(opened, len(fresh), opened=True)
        # One more that fires changes nothing about an open incident that `decide` looks at: the
        # loop sleeps on through a storm, and the outbox's sweep brings the card up to date.
        wakes = not (is_open and firing == len(fresh))
        by, spoken = arrival.opening.by, self._spoken_at
        seq = append_bodies(self._tx, self._heads, found, by, [told], wakes=wakes)
        alarm = self._tx.at if wakes else None
        self._tx.run(JOIN, (seq, alarm, firing, spoken, spoken, found))
        self._tx.run(BEHIND, (found, seq))
        return Placed(found, len(fresh))

    def _mark(self, arrival: Arrival) -> tuple[Alert, ...]:
        """Note every occurrence; return the alerts that say something new."""
        at, delivery, late_at = self._tx.at, self._delivery.id, self._late_at
        pairs = zip(arrival.keys, arrival.alerts, strict=True)
        rows: list[Parameters] = [
            (key, alert.status, at, delivery, late_at)
            for key, alert in pairs
            if key and key not in self._mine
        ]
        changed = self._tx.run_many(SEE, rows) if rows else 0
        blank = arrival.keys.count("")
        if changed + blank == len(arrival.keys):
            self._mine.update(arrival.keys)
            return arrival.alerts
        keys = [key for key in arrival.keys if key and key not in self._mine]
        found = self._tx.run(f"{NEW}({listed(keys)})", (delivery, *keys)).fetchall()
        new = {str(row[0]) for row in found} | {""}
        self._mine.update(arrival.keys)
        pairs = zip(arrival.keys, arrival.alerts, strict=True)
        return tuple(alert for key, alert in pairs if key in new)

    def _find(self, opening: IncidentOpened, *, is_anew: bool) -> tuple[str, bool]:
        """Return the living incident of this group, empty when there is none, and if it is open."""
        asked = (self._delivery.source, self._delivery.route, opening.group_key)
        row = self._tx.run(PLACE, asked).fetchone()
        met: set[str] = set()
        while row is not None and row[1] == "merged" and row[0] not in met:
            met.add(row[0])
            row = self._tx.run(MERGED, (row[3],)).fetchone()
        if row is None or row[1] in ENDED or (is_anew and row[2] < self._quiet_at):
            return "", False
        return str(row[0]), row[1] == "open"

    def _forget_log(self, arrival: Arrival) -> None:
        """No event tells of these resolves: a rebuild must keep what it cannot find again."""
        keys = [key for key in arrival.keys if key]
        if keys:
            self._tx.run(f"{UNLOGGED}({listed(keys)})", (self._delivery.id, *keys))

    def _open(
        self,
        opening: IncidentOpened,
        alerts: tuple[Alert, ...],
        told: tuple[str, int, bytes],
        firing: int,
    ) -> str:
        tx, incident = self._tx, fresh_id(self._tx)
        number = number_of(incident)
        facts = [("IncidentOpened", opening.v, encode(opening)), told]
        seq = append_bodies(tx, self._heads, incident, opening.by, facts)
        tx.run(
            OPEN,
            (
                *(incident, number, seq, tx.at),
                *(opening.severity, opening.service, opening.title, tx.at),
                *(firing, self._spoken_at),
            ),
        )
        group = (self._delivery.source, self._delivery.route, opening.group_key)
        tx.run(TAKE_GROUP, (*group, incident))
        tx.run(BEHIND, (incident, seq))
        labels = search.labels_text(alert.labels for alert in alerts)
        search.add_incident(tx.connection, number, opening.title, opening.service, labels)
        return incident
