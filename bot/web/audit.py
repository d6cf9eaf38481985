"""The audit page: how the chains of the log stand, who was refused, and how to check it all."""

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from bot.conversation.line import Line
from bot.conversation.words import words
from bot.incident.events import Event
from bot.incident.fact import HOUSE
from bot.web.desk import Desk
from bot.web.session import Visitor

REFUSALS = 50


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """One refused attempt or security event, in words; `incident` is "" for the bot's own."""

    at: datetime
    incident: str
    actor: str
    line: Line


class AuditPage:
    """Reads what the auditor tells, and hands it to a template."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._auditor = desk.doors.auditor

    async def show(self, request: Request, visitor: Visitor) -> Response:
        """Show the page."""
        refusals = await self._auditor.refusals(REFUSALS)
        return await self._desk.show(
            request,
            visitor,
            "audit.html",
            chain=await self._auditor.standing(),
            refusals=[_refused(event) for event in refusals],
        )


def _refused(event: Event) -> RefusedEntry:
    incident = "" if event.stream == HOUSE else event.stream
    return RefusedEntry(event.at, incident, event.actor, words(event))
