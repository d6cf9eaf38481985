"""Handing out the log over the API: to an admin only, and never without a fact that says so."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from bot.errors import ForbiddenError
from bot.incident.fact import HOUSE
from bot.incident.facts_house import AccessRefused
from bot.ports import Draft, Excerpt
from bot.web.api_gate import admin_of, caller_of
from bot.web.doors import Doors

JSON_LINES = "application/x-ndjson"
Stream = Annotated[str, Query(pattern=r"^(INC-[1-9]\d{0,8}|house)?$")]


class ApiAudit:
    """The export."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def router(self) -> APIRouter:
        """Return the route."""
        router = APIRouter()
        router.add_api_route(
            "/audit/export",
            self.export,
            methods=["POST"],
            response_class=StreamingResponse,
            responses={200: {"content": {JSON_LINES: {}}}},
        )
        return router

    async def export(
        self, request: Request, incident: Stream = "", since: datetime | None = None
    ) -> StreamingResponse:
        """Hand out the log as JSON Lines: a header, one event a line, a signed last line.

        It is recorded as an event before the first byte leaves. `since` without an offset is UTC.
        """
        try:
            person = await admin_of(request, self._doors)
        except ForbiddenError as error:
            actor = f"api:{caller_of(request)}"
            fact = AccessRefused(actor=actor, why=f"taking the log out: {error}")
            await self._doors.log.record(HOUSE, lambda _: Draft(actor, (fact,)))
            raise
        at = since.replace(tzinfo=UTC) if since is not None and since.tzinfo is None else since
        pieces = await self._doors.auditor.export(f"api:{person}", Excerpt(incident, at))
        return StreamingResponse(_bytes(pieces), media_type=JSON_LINES)


async def _bytes(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        yield piece
