"""Finds the incident, or the one proposal, that an address or a form names."""

import re

from starlette.requests import Request

from bot.errors import NotFoundError
from bot.incident.commands import INCIDENT
from bot.ports import Incidents, ProposalRow

NAME = re.compile(r"(?:P-)?([0-9A-HJKMNP-TV-Z]{4,8})", re.IGNORECASE)


def incident_id(typed: str) -> str:
    """Return `INC-7` for what names it; "" for what names no incident."""
    found = INCIDENT.match(typed)
    return f"INC-{int(found[1])}" if found else ""


def incident_named(request: Request) -> str:
    """Return the id of the incident in an address.

    Raises:
        NotFoundError: It names none.
    """
    name = incident_id(request.path_params["incident"])
    if not name:
        raise NotFoundError("there is no such page")
    return name


async def proposal_named(incidents: Incidents, typed: str) -> ProposalRow:
    """Return the proposal of this id, or the only one whose id begins so; `P-` may stand before it.

    Raises:
        NotFoundError: There is none, or several.
    """
    found = NAME.fullmatch(typed)
    name = found[1].upper() if found else ""
    rows = await incidents.find_proposal(name) if name else []
    exact = [row for row in rows if row.id == name] or rows
    if len(exact) != 1:
        raise NotFoundError("there is no such proposal, or more than one begins so")
    return exact[0]
