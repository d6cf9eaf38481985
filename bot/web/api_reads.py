"""What the API answers: incidents, proposals and how the bot stands; nothing here changes."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from bot.conversation.archive import Archive
from bot.conversation.words import words
from bot.errors import NotFoundError
from bot.incident.events import Event
from bot.incident.model import Severity
from bot.ports import Filter, IncidentRow, ProposalRow
from bot.web.api_models import (
    CheckOut,
    DocumentOut,
    EventOut,
    IncidentDetail,
    IncidentPage,
    IncidentSummary,
    ProposalDetail,
    ProposalList,
    ProposalSummary,
    StatusOut,
)
from bot.web.doors import Doors
from bot.web.lookup import proposal_named
from bot.web.papers import markdown_file

IncidentId = Annotated[str, Path(pattern=r"^INC-[1-9]\d{0,8}$")]
ProposalId = Annotated[str, Path(pattern=r"^[0-9A-HJKMNP-TV-Z]{4,8}$")]
Limit = Annotated[int, Query(ge=1, le=200)]
Events = Annotated[int, Query(ge=1, le=1000)]
Short = Annotated[str, Query(max_length=200)]


class ApiReads:
    """Read-only endpoints."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._archive = Archive(doors.log, str(doors.settings.public_url or ""))

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter()
        router.add_api_route("/incidents", self.incidents, methods=["GET"])
        router.add_api_route("/incidents/{incident}", self.incident, methods=["GET"])
        for kind, endpoint in (("timeline", self.timeline), ("postmortem", self.postmortem)):
            router.add_api_route(
                f"/incidents/{{incident}}/{kind}",
                endpoint,
                methods=["GET"],
                response_model=DocumentOut,
                responses={200: {"content": {"text/markdown": {}}}},
            )
        router.add_api_route("/proposals", self.proposals, methods=["GET"])
        router.add_api_route("/proposals/{proposal}", self.proposal, methods=["GET"])
        router.add_api_route("/status", self.status, methods=["GET"])
        return router

    async def incidents(
        self,
        status: Literal["", "open", "resolved", "closed"] = "",
        severity: Severity | Literal[""] = "",
        service: Short = "",
        text: Short = "",
        before: Annotated[str, Query(pattern=r"^(INC-\d{1,9})?$")] = "",
        limit: Limit = 50,
    ) -> IncidentPage:
        """List incidents, newest first; `before` is the `next` of the page before."""
        where = Filter(status, severity, service, text, before, limit)
        rows = await self._doors.incidents.page(where)
        return IncidentPage(
            incidents=[_incident(row) for row in rows],
            next=rows[-1].id if len(rows) == limit else "",
        )

    async def incident(
        self, incident: IncidentId, *, events: bool = False, after: int = 0, limit: Events = 500
    ) -> IncidentDetail:
        """Return one thread folded; with `events=true` also its oldest events after seq `after`.

        `next` is the `after` of the next page.
        """
        state = await self._doors.log.state(incident)
        if not state.exists:
            raise NotFoundError(f"there is no incident {incident}")
        page = await self._doors.log.load(incident, after, limit) if events else []
        return IncidentDetail(
            id=incident,
            seq=state.seq,
            phase=state.phase,
            incident=_plain(state.incident),
            run=_plain(state.run),
            events=[_event(event) for event in page],
            next=page[-1].seq if page and page[-1].seq < state.seq else 0,
        )

    async def timeline(self, request: Request, incident: IncidentId) -> DocumentOut | Response:
        """Return what happened, in order, as Markdown; bare to who accepts `text/markdown`."""
        text = await self._archive.timeline(incident)
        return _document(request, incident, "timeline", text)

    async def postmortem(self, request: Request, incident: IncidentId) -> DocumentOut | Response:
        """Return the draft of a postmortem as Markdown; bare to who accepts `text/markdown`."""
        text = await self._archive.postmortem(incident)
        return _document(request, incident, "postmortem", text)

    async def proposals(
        self, status: Annotated[str, Query(pattern=r"^[a-z_]{0,20}$")] = "", limit: Limit = 100
    ) -> ProposalList:
        """List proposals in a status (all when empty), oldest first."""
        rows = await self._doors.incidents.proposals(status, limit)
        return ProposalList(proposals=[_proposal(row) for row in rows])

    async def proposal(self, proposal: ProposalId) -> ProposalDetail:
        """Return exactly what would run; the id may be its first four characters."""
        row = await proposal_named(self._doors.incidents, proposal)
        state = await self._doors.log.state(row.incident)
        view = state.incident.proposals.get(row.id)
        if view is None:
            raise NotFoundError(f"there is no proposal {proposal}")
        return ProposalDetail(
            **_proposal(row).model_dump(),
            proposal=_plain(view.proposal),
            preview=view.asked.preview,
            reason=view.asked.reason,
            why=view.why,
            result=view.result,
            decisions=[{"at": at.isoformat(), **_plain(made)} for at, made in view.decisions],
        )

    async def status(self) -> StatusOut:
        """Say how the bot stands."""
        standing = self._doors.standing()
        house = await self._doors.house()
        checks = await self._doors.health()
        return StatusOut(
            version=standing.version,
            revision=standing.revision,
            read_only=standing.read_only,
            paused_by=house.paused_by,
            policy_digest=standing.policy_digest,
            knowledge_revision=standing.knowledge_revision,
            problems=list(standing.problems),
            channels=list(standing.channels),
            insecure=[f"{door.source}/{door.route}" for door in standing.doors if door.insecure],
            checks={name: CheckOut(ok=well, text=text) for name, (well, text) in checks.items()},
        )


def _document(request: Request, incident: str, kind: str, text: str) -> DocumentOut | Response:
    if "text/markdown" in request.headers.get("accept", ""):
        return markdown_file(text, incident, kind)
    return DocumentOut(incident=incident, markdown=text)


def _incident(row: IncidentRow) -> IncidentSummary:
    return IncidentSummary.model_validate(row)


def _proposal(row: ProposalRow) -> ProposalSummary:
    return ProposalSummary.model_validate(row)


def _event(event: Event) -> EventOut:
    return EventOut(
        seq=event.seq,
        type=event.type,
        at=event.at,
        actor=event.actor,
        words=words(event).text,
        body=_plain(event.body),
    )


def _plain(value: object) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = to_jsonable_python(value, inf_nan_mode="null")
    return found
