"""What one write leaves in the derived tables: rows of the state, and rows of single events.

Rows of a state can be made from the state alone; rows of events need their order in the log. A
rebuild does both from the log (bot.store.rebuild).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, update

from bot.errors import NotFoundError, StaleThreadError
from bot.incident.events import Event, stamp
from bot.incident.facts_action import ActionStarted
from bot.incident.facts_house import (
    BotPaused,
    BotResumed,
    ChangeRecorded,
    PersonLinked,
    PersonUnlinked,
)
from bot.incident.model import Change
from bot.incident.state import IncidentView, State
from bot.incident.views import ProposalView
from bot.store import search
from bot.store.tables import (
    CHANGE,
    CONVERSATION,
    DECISION,
    GRANT_USED,
    INCIDENT,
    PAUSED,
    PERSON_LINK,
    PROPOSAL,
)
from bot.store.tx import put_row

PREFIX = "INC-"
NUMBER_DIGITS = 9
"""No incident has a longer number; one that is typed may be too long for the database."""
Columns = dict[str, Any]
Stood = tuple[int, str, int]
"""A proposal's revision, its status, and how many decisions were made on that revision."""
Standing = Mapping[str, Stood]
"""Proposal id → how it stood."""


def number_of(incident: str) -> int:
    """Return 7 for `INC-7`, and 0 for what is no incident's id."""
    digits = incident.removeprefix(PREFIX)
    is_id = incident.startswith(PREFIX) and digits.isascii() and digits.isdecimal()
    return int(digits) if is_id and len(digits) <= NUMBER_DIGITS else 0


def standing(state: State) -> Standing:
    """Return what `project` compares with afterwards."""
    views = state.incident.proposals.items()
    return {
        name: (view.proposal.revision, view.status, len(view.decisions)) for name, view in views
    }


def project(
    connection: Connection, state: State, before: Standing, events: Iterable[Event], wake_at: str
) -> None:
    """Write what `events`, just appended and folded into `state`, change in the derived tables.

    `wake_at` is now: the clock may stand before the newest event, and the alarm goes by the clock.

    Raises:
        NotFoundError: No incident was opened in this stream.
        StaleThreadError: A proposal's row is not where the log says it was (E-10).
    """
    if not state.exists or not number_of(state.stream):
        raise NotFoundError(f"there is no incident {state.stream}")
    row = incident_columns(state)
    row["wake_at"] = wake_at
    put_row(connection, INCIDENT, {"id": state.stream}, row)
    search.index_incident(connection, row["number"], row["title"], row["service"])
    for view in state.incident.proposals.values():
        project_proposal(connection, state.stream, view, before.get(view.proposal.id))
    for channel, address in state.incident.conversations.items():
        open_conversation(connection, state.stream, channel, address)
    told = CONVERSATION.c
    behind = update(CONVERSATION).where(told.incident == state.stream, told.behind == 0)
    connection.execute(behind.where(told.cursor < state.seq).values(behind=1))
    for event in events:
        project_event(connection, event)


def incident_columns(state: State) -> Columns:
    """Return the incident's row, but for what single events or the alarm decide."""
    view = state.incident
    action, outcome = _acted(view)
    return {
        "number": number_of(state.stream),
        "seq": state.seq,
        "status": "merged" if view.merged_into else view.status,
        "severity": view.severity,
        "service": view.service,
        "title": view.title,
        "opened_at": _stamped(view.opened_at),
        "resolved_at": _stamped(view.resolved_at),
        "closed_at": _stamped(view.closed_at),
        "merged_into": view.merged_into,
        "pending": sum(item.status == "pending" for item in view.proposals.values()),
        "conclusion": view.conclusion,
        "action": action,
        "outcome": outcome,
    }


def proposal_columns(incident: str, view: ProposalView) -> Columns:
    """Return a proposal's row."""
    proposal = view.proposal
    return {
        "id": proposal.id,
        "revision": proposal.revision,
        "incident": incident,
        "title": proposal.title,
        "status": view.status,
        "risk": proposal.risk,
        "service": proposal.service,
        "target": target_of(view),
        "digest": view.asked.digest,
        "created_at": stamp(proposal.created_at),
        "expires_at": stamp(proposal.expires_at),
    }


def target_of(view: ProposalView) -> str:
    """Return what a proposal's action changes, and where, in one word."""
    return f"{view.proposal.environment} {view.proposal.target}"


def project_proposal(
    connection: Connection, incident: str, view: ProposalView, before: Stood | None
) -> None:
    """Write a proposal's row, which is of its newest revision, and its new decisions.

    `before` None: it had no row, so every revision's decisions are written.

    Raises:
        StaleThreadError: The row is not where the log says it was.
    """
    revision, status, decided = before or (0, "", 0)
    if before is None:
        connection.execute(insert(PROPOSAL).values(proposal_columns(incident, view)))
    elif (revision, status) != (view.proposal.revision, view.status):
        row = PROPOSAL.c
        moved = update(PROPOSAL).where(
            row.id == view.proposal.id, row.revision == revision, row.status == status
        )
        if connection.execute(moved.values(proposal_columns(incident, view))).rowcount != 1:
            raise StaleThreadError(f"proposal {view.proposal.id} is not {status} any more")
    for one in view.revisions:
        number = one.proposal.revision
        known = decided if number == revision else 0
        for at, made in one.decisions[known:] if number >= revision else ():
            row = {"proposal": made.proposal, "revision": number, "person": made.person}
            row |= {"incident": incident, "verdict": made.verdict, "at": stamp(at)}
            connection.execute(insert(DECISION).values(row))


def open_conversation(connection: Connection, incident: str, channel: str, address: str) -> None:
    """Note the address of a conversation; its cursor stays."""
    row = CONVERSATION.c
    known = update(CONVERSATION).where(row.incident == incident, row.channel == channel)
    if connection.execute(known.values(address=address)).rowcount == 0:
        key = {"incident": incident, "channel": channel}
        connection.execute(insert(CONVERSATION).values(**key, address=address, cursor=0))


def project_event(connection: Connection, event: Event) -> None:
    """Write the rows that one event makes, in the log's order."""
    match event.body:
        case ActionStarted(nonce=nonce, digest=digest, proposal=proposal):
            row = {"nonce": nonce, "digest": digest, "proposal": proposal}
            row |= {"incident": event.stream, "at": stamp(event.at)}
            connection.execute(insert(GRANT_USED).values(row))
        case ChangeRecorded(change=change):
            put_change(connection, change)
        case BotPaused(by=person):
            put_row(connection, PAUSED, {"at": stamp(event.at)}, {"person": person})
        case BotResumed():
            connection.execute(PAUSED.delete())
        case PersonLinked(person=person, actor=actor):
            put_row(connection, PERSON_LINK, {"actor": actor}, {"person": person})
        case PersonUnlinked(actor=actor):
            connection.execute(PERSON_LINK.delete().where(PERSON_LINK.c.actor == actor))
        case _:
            pass


def put_change(connection: Connection, change: Change) -> None:
    """Note a change; the newest word on one id of one source counts."""
    row = {"service": change.service, "at": stamp(change.at), "body": change.model_dump_json()}
    put_row(connection, CHANGE, {"source": change.source, "id": change.id}, row)


def _acted(view: IncidentView) -> tuple[str, str]:
    """Return the title of the last action that ran, and what came of it."""
    for item in reversed(view.proposals.values()):
        if item.started_at is None:
            continue
        outcome: str = item.status.replace("_", " ")
        if item.regressed:
            outcome = "did not help"
        elif item.verified:
            outcome = "helped" if item.status == "succeeded" else outcome
        return item.proposal.title, outcome
    return "", ""


def _stamped(at: datetime | None) -> str | None:
    return None if at is None else stamp(at)
