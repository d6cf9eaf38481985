"""Making every derived table anew from the log; what is kept, and every cursor, stays."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, case, delete, func, insert, select, update

from bot.incident.events import Event, decode, stamp
from bot.incident.fact import HOUSE
from bot.incident.facts_alerts import AlertsReceived, IncidentOpened
from bot.incident.reducer import fold
from bot.incident.state import State
from bot.store import search
from bot.store.arrivals import occurrences
from bot.store.heads import stored_bytes
from bot.store.kept import DELIVERY
from bot.store.projection import (
    incident_columns,
    number_of,
    open_conversation,
    project_event,
    project_proposal,
)
from bot.store.statements import SEE, TAKE_GROUP
from bot.store.tables import (
    ALERT_SEEN,
    CHANGE,
    CONVERSATION,
    DECISION,
    EVENT,
    GRANT_USED,
    INCIDENT,
    OPEN_GROUP,
    PAUSED,
    PERSON_LINK,
    PROPOSAL,
)
from bot.store.tail import read_stream
from bot.store.tx import Parameters, Tx

ENTIRE = (CHANGE, DECISION, GRANT_USED, INCIDENT, OPEN_GROUP, PAUSED, PERSON_LINK, PROPOSAL)
"""Derived tables of which nothing is kept."""
ALWAYS = "9999"
"""Later than any time: what became an event said something new when it came."""


def rebuild_tables(tx: Tx) -> int:
    """Empty the derived tables and fill them from the log; return how many streams there were.

    Alarms of incidents that are not over ring at once, so that each is driven and set anew.
    """
    connection = tx.connection
    for table in ENTIRE:
        connection.execute(delete(table))
    asked = select(ALERT_SEEN).where(ALERT_SEEN.c.logged == 0)
    unlogged = [dict(row) for row in connection.execute(asked).mappings()]
    connection.execute(delete(ALERT_SEEN))
    search.clear_index(connection)
    streams = list(connection.scalars(select(EVENT.c.stream).distinct()))
    for stream in sorted(streams, key=number_of):
        events = read_stream(connection, stream)
        if stream != HOUSE:
            _incident(tx, fold(events), events)
        for event in events:
            project_event(connection, event)
    _alerts_seen(tx)
    _resolved_silently(connection, unlogged)
    _alerted(connection)
    is_behind = case((INCIDENT.c.seq > CONVERSATION.c.cursor, 1), else_=0)
    here = select(is_behind).where(INCIDENT.c.id == CONVERSATION.c.incident).scalar_subquery()
    connection.execute(update(CONVERSATION).values(behind=func.coalesce(here, 0)))
    return len(streams)


def _incident(tx: Tx, state: State, events: Sequence[Event]) -> None:
    connection, view = tx.connection, state.incident
    columns = incident_columns(state)
    told = [event for event in events if isinstance(event.body, AlertsReceived)]
    bodies = [event.body for event in told if isinstance(event.body, AlertsReceived)]
    firing = sum(alert.status == "firing" for body in bodies for alert in body.alerts)
    is_over = columns["status"] in {"closed", "merged"}
    row = {
        "id": state.stream,
        "wake_at": None if is_over else tx.at,
        "alerts": firing,
        "alerted_at": stamp(told[-1].at) if told else "",
    }
    connection.execute(insert(INCIDENT).values({**columns, **row}))
    labels = ""
    first = events[1].body if len(events) > 1 else None
    opened = events[0].body
    if isinstance(first, AlertsReceived) and isinstance(opened, IncidentOpened):
        is_its_own = opened.group_key == first.group_key and opened.by.startswith(first.source)
        texts = (alert.labels for alert in first.alerts) if is_its_own else ()
        labels = search.labels_text(texts)
    search.add_incident(connection, columns["number"], view.title, view.service, labels)
    if bodies and isinstance(opened, IncidentOpened):
        source, _, route = opened.by.partition(":")
        if source == bodies[0].source:
            tx.run(TAKE_GROUP, (source, route, opened.group_key, state.stream))
    for proposal in view.proposals.values():
        project_proposal(connection, state.stream, proposal, None)
    for channel, address in view.conversations.items():
        open_conversation(connection, state.stream, channel, address)


def _alerts_seen(tx: Tx) -> None:
    """Replay every AlertsReceived in the order of the log as a whole."""
    row = EVENT.c
    asked = select(row.type, row.v, row.at, row.actor, row.body)
    asked = asked.where(row.type == AlertsReceived.__name__).order_by(row.row)
    for kind, v, at, actor, body in tx.connection.execute(asked):
        fact = decode(kind, v, stored_bytes(body))
        if isinstance(fact, AlertsReceived):
            keys = occurrences(fact.alerts, actor, fact.group_key)
            pairs = zip(keys, fact.alerts, strict=True)
            rows: list[Parameters] = [
                (key, alert.status, at, fact.delivery, ALWAYS) for key, alert in pairs if key
            ]
            if rows:
                tx.run_many(SEE, rows)


def _resolved_silently(connection: Connection, unlogged: Sequence[dict[str, Any]]) -> None:
    """Put back the resolves that no event tells of, unless the log says something newer."""
    column = ALERT_SEEN.c
    for row in unlogged:
        newer = select(column.key).where(column.key == row["key"], column.at > row["at"])
        if connection.execute(newer).first() is None:
            connection.execute(delete(ALERT_SEEN).where(column.key == row["key"]))
            connection.execute(insert(ALERT_SEEN).values(row))


def _alerted(connection: Connection) -> None:
    """Repeats make no event, but the deliveries that are kept tell when a group last spoke."""
    spoken: dict[str, str] = {}
    row = DELIVERY.c
    asked = select(row.incidents, row.received_at).where(row.incidents != "")
    for incidents, at in connection.execute(asked):
        for incident in incidents.split():
            spoken[incident] = max(at, spoken.get(incident, ""))
    for incident, at in spoken.items():
        where = INCIDENT.c.id == incident
        connection.execute(update(INCIDENT).where(where).values(alerted_at=at))
