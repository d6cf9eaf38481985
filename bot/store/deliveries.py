"""Raw deliveries, and what they cause, in one transaction (D-03)."""

import hashlib
import json
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

from pydantic import TypeAdapter
from sqlalchemy import Connection, select

from bot.incident.events import stamp, unstamp
from bot.incident.fact import HOUSE
from bot.incident.facts_house import ChangeRecorded
from bot.incident.grouping import Group
from bot.incident.model import Change
from bot.ports import Accepted, Delivery
from bot.store.arrivals import Incoming, prepare_arrivals
from bot.store.chain import append_facts
from bot.store.db import Database
from bot.store.heads import Heads
from bot.store.kept import DELIVERY
from bot.store.landing import land
from bot.store.projection import project_event
from bot.store.statements import KEEP
from bot.store.tables import CHANGE
from bot.store.tx import Tx
from bot.store.writer import Writer

KNOWN = "SELECT 1 FROM delivery WHERE source = ? AND route = ? AND dedupe = ?"
HEADERS = TypeAdapter(dict[str, str])


class DeliveryStore:
    """The `Deliveries` port. A group that is silent for `window` may open a new incident."""

    def __init__(self, database: Database, writer: Writer, heads: Heads, window: timedelta) -> None:
        self._database = database
        self._writer = writer
        self._heads = heads
        self._window = window

    async def accept(self, delivery: Delivery, groups: Sequence[Group]) -> Accepted:
        """Store the delivery and its AlertsReceived events; return after the commit.

        For each group: the living incident of `(source, route, group_key)`, or, when an alert in
        it fires that did not before, a new one. Alerts that say nothing new make no event.
        Resolving and reopening follow when the incident is driven.

        Raises:
            BusyError: The queue is full or the database is away; nothing was stored.
        """
        arrivals = prepare_arrivals(delivery, groups)
        total = sum(len(group.alerts) for group in groups)
        incoming = Incoming(delivery, _row(delivery), arrivals, total)
        return await self._writer.submit_together(self._land, incoming)

    def _land(self, tx: Tx, waiting: Sequence[Incoming]) -> list[Accepted]:
        return land(tx, self._heads, self._window, waiting)

    async def accept_change(self, delivery: Delivery, changes: Sequence[Change]) -> Accepted:
        """Store the delivery, `ChangeRecorded` on `house`, and the change rows.

        A change that is known in every word makes no event.

        Raises:
            BusyError: As `accept`.
        """
        row = _row(delivery)

        def work(tx: Tx) -> Accepted:
            if tx.run(KNOWN, row[1:4]).fetchone() is not None:
                return Accepted((), duplicate=True)
            facts = [
                ChangeRecorded(delivery=delivery.id, change=change)
                for change in changes
                if not _is_known(tx.connection, change)
            ]
            if facts:
                actor = f"{delivery.source}:{delivery.route}"
                for event in append_facts(tx, self._heads, HOUSE, actor, facts):
                    project_event(tx.connection, event)
            tx.run(KEEP, (*row, "", delivery.raw))
            return Accepted(())

        return await self._writer.submit(work)

    async def raw(self, delivery: str) -> Delivery | None:
        """Return a stored delivery by id, or None."""

        def question(connection: Connection) -> Delivery | None:
            found = connection.execute(select(DELIVERY).where(DELIVERY.c.id == delivery))
            row = found.one_or_none()
            if row is None:
                return None
            return Delivery(
                id=row.id,
                source=row.source,
                route=row.route,
                dedupe=row.dedupe,
                received_at=unstamp(row.received_at),
                headers=HEADERS.validate_json(row.headers),
                raw=bytes(row.raw),
                digest=row.digest,
                deleted_at=None if row.deleted_at is None else unstamp(row.deleted_at),
            )

        return await self._database.ask(question)


def _row(delivery: Delivery) -> tuple[str, ...]:
    """Return the delivery's columns up to `incidents`; made outside the transaction."""
    return (
        delivery.id,
        delivery.source,
        delivery.route,
        delivery.dedupe,
        stamp(delivery.received_at),
        delivery.digest or hashlib.sha256(delivery.raw).hexdigest(),
        _header_text(tuple(delivery.headers.items())),
    )


@lru_cache(maxsize=256)
def _header_text(headers: tuple[tuple[str, str], ...]) -> str:
    return json.dumps(dict(headers))


def _is_known(connection: Connection, change: Change) -> bool:
    known = select(CHANGE.c.body).where(CHANGE.c.source == change.source, CHANGE.c.id == change.id)
    return connection.scalar(known) == change.model_dump_json()
