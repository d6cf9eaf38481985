"""Who calls the loop: the dispatcher that fits the database and the process type."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.app.role import Role
from bot.engine.drive import Drive
from bot.engine.embedded import Embedded
from bot.engine.gates import Turnstile
from bot.engine.tenure import Tenure
from bot.incident.facts_alerts import IncidentOpened
from bot.ports import Clock, Dispatcher, Log
from bot.store.store import Store
from bot.store.tx import Tx

if TYPE_CHECKING:
    from bot.engine.postgres.dispatcher import PostgresDispatcher
    from bot.engine.postgres.enqueuer import Enqueuer

KNOWN_MAX = 10_000
HOLD_S = 15.0
"""An incident that this version cannot read is offered again after this, to a newer process."""


@dataclass(frozen=True, slots=True)
class Calling:
    """What a dispatcher is made from. `tenure` is None where one process owns the database."""

    store: Store
    clock: Clock
    role: Role
    conninfo: str
    tenure: Tenure | None
    slots: int
    investigations: int


def tenure_of(conninfo: str) -> Tenure | None:
    """Return the tenure of this process, not held yet; None where no other can take over."""
    if not conninfo:
        return None
    from bot.engine.postgres.term import MARGIN_S, STALL_S

    return Tenure(STALL_S - MARGIN_S)


class ServiceNames:
    """Says whose places an incident uses: its service's, or its own when it has none."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: dict[str, str] = {}

    async def __call__(self, incident: str) -> str:
        """Return the service's name, or the incident's."""
        if incident not in self._known:
            if len(self._known) > KNOWN_MAX:
                self._known.clear()
            first = (await self._log.load(incident))[:1]
            opened = first[0].body if first else None
            service = opened.service if isinstance(opened, IncidentOpened) else ""
            self._known[incident] = service or incident
        return self._known[incident]


def dispatcher_of(calling: Calling, drive: Drive, gate: Turnstile) -> Dispatcher:
    """Return the dispatcher; on PostgreSQL every commit of this process defers jobs from now on.

    There the jobs are the queue of all processes, and the gate of this one stays unused.
    """
    store, clock = calling.store, calling.clock
    if calling.tenure is None:
        drive.gate = gate
        return Embedded(store.log, clock, drive)
    from bot.engine.postgres.dispatcher import Driver, Places, PostgresDispatcher
    from bot.engine.postgres.enqueuer import Enqueuer

    if not calling.role.drives:
        return _enlisted(store, Enqueuer())
    drive.hold_s = HOLD_S
    driver = Driver(drive.turn, drive, ServiceNames(store.log))
    made = PostgresDispatcher(
        calling.conninfo,
        clock,
        calling.tenure,
        driver,
        Places(calling.investigations, calling.slots),
    )
    return _enlisted(store, made)


def _enlisted(
    store: Store, dispatcher: "PostgresDispatcher | Enqueuer"
) -> "PostgresDispatcher | Enqueuer":
    def join(tx: Tx, woken: frozenset[str]) -> None:
        connection = tx.connection.connection.driver_connection
        if connection is not None:
            dispatcher.enlist(connection, woken)

    store.enlist(join)
    return dispatcher
