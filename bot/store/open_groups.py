"""Which living incident a group of alerts belongs to: looked up for all groups together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.incident.facts_alerts import IncidentOpened
from bot.ports import Delivery
from bot.store.arrivals import Incoming
from bot.store.statements import BEHIND, CHUNK, JOIN, MERGED, PLACES, SPOKEN, TAKE_GROUP
from bot.store.tx import Parameters, Tx, chunks

ENDED = frozenset({"closed", "merged"})
GroupName = tuple[str, ...]
"""Source, route and group key."""


@dataclass(slots=True)
class Living:
    """An incident that alerts may join, as it stands with what is not written yet.

    The last four are what its row still has to be told.
    """

    id: str
    is_open: bool
    alerted_at: str
    seq: int = 0
    firing: int = 0
    alarm: str | None = None
    spoken_at: str = ""

    def spoke(self, at: str) -> None:
        """Note that somebody spoke of it, whether or not it was news."""
        self.spoken_at = max(self.spoken_at, at)
        self.alerted_at = max(self.alerted_at, at)


def name_of(delivery: Delivery, opening: IncidentOpened) -> GroupName:
    """Return what a group is known by."""
    return (delivery.source, delivery.route, opening.group_key)


class OpenGroups:
    """The groups of these deliveries and their incidents; what those are told waits for `finish`.

    Two groups may belong to one incident, and then have it in common.
    """

    def __init__(self, tx: Tx, waiting: Iterable[Incoming]) -> None:
        self._tx = tx
        self._living: dict[str, Living] = {}
        self._groups: dict[GroupName, Living | None] = {}
        self._look_up(waiting)

    def __getitem__(self, group: GroupName) -> Living | None:
        """Return the incident of a group; None when it has none that lives."""
        return self._groups[group]

    def take(self, group: GroupName, opened: Living) -> None:
        """Let a group belong to the incident that was opened for it."""
        self._tx.run(TAKE_GROUP, (*group, opened.id))
        self._groups[group] = self._living.setdefault(opened.id, opened)

    def finish(self) -> None:
        """Write what the incidents still have to be told."""
        joined: list[Parameters] = []
        spoken: list[Parameters] = []
        behind: list[Parameters] = []
        for one in self._living.values():
            if one.seq:
                at = one.spoken_at
                joined.append((one.seq, one.alarm, one.firing, at, at, one.id))
                behind.append((one.id, one.seq))
            elif one.spoken_at:
                spoken.append((one.spoken_at, one.id, one.spoken_at))
        for sql, rows in ((JOIN, joined), (BEHIND, behind), (SPOKEN, spoken)):
            if rows:
                self._tx.run_many(sql, rows)

    def _look_up(self, waiting: Iterable[Incoming]) -> None:
        doors: dict[tuple[str, str], dict[str, None]] = {}
        for incoming in waiting:
            delivery = incoming.delivery
            names = doors.setdefault((delivery.source, delivery.route), {})
            names.update((arrival.opening.group_key, None) for arrival in incoming.arrivals)
        for door, names in doors.items():
            self._groups.update(((*door, name), None) for name in names)
            for some in chunks(list(names), CHUNK):
                for name, *row in self._tx.run(PLACES, (*door, *some)).fetchall():
                    self._groups[*door, str(name)] = self._alive(row)

    def _alive(self, row: Sequence[Any] | None) -> Living | None:
        """Follow an incident to the one it was merged into; None when that one has ended."""
        met: set[str] = set()
        while row is not None and row[1] == "merged" and row[0] not in met:
            met.add(row[0])
            row = self._tx.run(MERGED, (row[3],)).fetchone()
        if row is None or row[1] in ENDED:
            return None
        found = Living(str(row[0]), row[1] == "open", str(row[2]))
        return self._living.setdefault(found.id, found)
