"""The pages people look at: list, timeline, proposal, approvals, evidence, status. GET only."""

import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.errors import NotFoundError
from bot.incident.card import Card
from bot.incident.model import SEVERITIES
from bot.incident.stepup import asks_proof
from bot.incident.views import ProposalView
from bot.ports import Filter
from bot.web import views
from bot.web.acts import Acts
from bot.web.audit import AuditPage
from bot.web.desk import Desk
from bot.web.doors import Doors
from bot.web.edit import EditPage
from bot.web.evidence import shown_evidence
from bot.web.live import Live
from bot.web.login import Login
from bot.web.lookup import incident_id, proposal_named
from bot.web.mine import Mine
from bot.web.papers import PapersPages
from bot.web.session import Gate, Visitor
from bot.web.step_up import StepUpPage
from bot.web.trust import Trust

STATUSES = ("open", "resolved", "closed")
PAGE_ROWS = 50
COUNTED = 200
DECIDED = 20
EVIDENCE = re.compile(r"[0-9a-f]{16}")
GONE = "there is no such page"


class Pages:
    """Reads what a page needs through the ports, and hands it to a template."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._doors = desk.doors

    async def home(self, _request: Request, _visitor: Visitor) -> Response:
        """Lead to the list."""
        return RedirectResponse("/incidents", 303)

    async def incidents(self, request: Request, visitor: Visitor) -> Response:
        """Show the list; its filters and its cursor are in the address."""
        asked = request.query_params
        where = Filter(
            status=_one_of(asked.get("status", ""), STATUSES),
            severity=_one_of(asked.get("severity", ""), SEVERITIES),
            service=asked.get("service", "").strip()[:100],
            text=asked.get("text", "").strip()[:200],
            before=incident_id(asked.get("before", "")),
            limit=PAGE_ROWS,
        )
        rows = await self._doors.incidents.page(where)
        opened = await self._doors.incidents.page(Filter(status="open", limit=COUNTED))
        services = self._doors.library.catalogue.services
        return await self._desk.show(
            request,
            visitor,
            "incidents.html",
            where=where,
            rows=rows,
            opened=len(opened),
            urgent=sum(row.severity in {"critical", "high"} for row in opened),
            services=services,
            statuses=STATUSES,
            severities=SEVERITIES,
            next=rows[-1].id if len(rows) == PAGE_ROWS else "",
        )

    async def incident(self, request: Request, visitor: Visitor) -> Response:
        """Show one incident: what is known, what waits for humans, and the timeline."""
        name = incident_id(request.path_params["incident"])
        state = await self._desk.thread(name)
        before = request.query_params.get("before", "")
        older_than = int(before) if before.isdecimal() and len(before) < 10 else 0
        span = views.timeline_span(state.seq, older_than)
        days = views.timeline(await self._doors.log.load(name, *span))
        cards = self._doors.cards(state)
        return await self._desk.show(
            request,
            visitor,
            "incident.html",
            state=state,
            incident=state.incident,
            root=next((card for card in cards if card.kind == "root"), None),
            asked=views.unanswered(state),
            proposal_cards={name: card_of(cards, name) for name in state.incident.proposals},
            proofs={
                name: "elsewhere" if self._asks(view) else ""
                for name, view in state.incident.proposals.items()
            },
            days=days,
            older=days[-1][1][-1].seq if days and days[-1][1][-1].seq > 1 else 0,
            phase=views.phase_words(state),
            views=views,
            severities=SEVERITIES,
            colleagues=[
                one
                for one in self._doors.library.people.people
                if one.active and one.name != visitor.person
            ],
        )

    async def proposal(self, request: Request, visitor: Visitor) -> Response:
        """Show exactly what would run, who may allow it, and what became of it."""
        row = await proposal_named(self._doors.incidents, request.path_params["proposal"])
        state = await self._desk.thread(row.incident)
        view = state.incident.proposals.get(row.id)
        if view is None:
            raise NotFoundError(GONE)
        return await self._desk.show(
            request,
            visitor,
            "proposal.html",
            state=state,
            view=view,
            card=card_of(self._doors.cards(state), row.id),
            proof=await self._proof(view, visitor),
            views=views,
        )

    async def _proof(self, view: ProposalView, visitor: Visitor) -> str:
        """Return what an approval by this visitor needs besides a click: a `code`, or nothing.

        It is `enrol` while they have no codes yet.
        """
        if not self._asks(view):
            return ""
        return "code" if await self._doors.step_up.ready(visitor.person) else "enrol"

    def _asks(self, view: ProposalView) -> bool:
        """Tell what to put on the page; whether a proof is needed is decided when it is sent."""
        policy = self._doors.library.policy
        rule = next((rule for rule in policy.rules if rule.name == view.proposal.rule), None)
        return asks_proof(policy, rule, view.proposal.risk)

    async def approvals(self, request: Request, visitor: Visitor) -> Response:
        """Show every proposal that waits, oldest first, then what was decided lately."""
        rows = await self._doors.incidents.proposals("pending")
        decided = await self._doors.incidents.decided(DECIDED)
        return await self._desk.show(request, visitor, "approvals.html", rows=rows, decided=decided)

    async def evidence(self, request: Request, visitor: Visitor) -> Response:
        """Show one stored result; it never changes, and after retention only its stub is left."""
        name = request.path_params["evidence"]
        found = await self._doors.evidence.get(name) if EVIDENCE.fullmatch(name) else None
        if found is None:
            raise NotFoundError(GONE)
        return await self._desk.show(
            request, visitor, "evidence.html", evidence=found, body=shown_evidence(found)
        )

    async def status(self, request: Request, visitor: Visitor) -> Response:
        """Show how the bot is: checks, doors, channels, policy and knowledge."""
        return await self._desk.show(
            request, visitor, "status.html", checks=await self._doors.health()
        )

    async def missing(self, _request: Request, _visitor: Visitor) -> Response:
        """Answer for every address that is no page."""
        raise NotFoundError(GONE)


def card_of(cards: Sequence[Card], proposal: str) -> Card | None:
    """Return the trusted card of a proposal's newest revision, or None when there is none."""
    found = (card for card in reversed(cards) if card.kind == "proposal" and proposal in card.key)
    return next(found, None)


def _one_of(asked: str, known: Sequence[str]) -> str:
    return asked if asked in known else ""


def page_routes(doors: Doors, gate: Gate) -> list[Route]:
    """Return every route a browser uses; the last one answers for what is no page."""
    desk = Desk(doors, gate)
    pages, live, acts = Pages(desk), Live(desk), Acts(desk)
    seen = {
        "/": pages.home,
        "/incidents": pages.incidents,
        "/events": live.everything,
        "/incidents/{incident}": pages.incident,
        "/incidents/{incident}/events": live.incident,
        "/proposals/{proposal}": pages.proposal,
        "/approvals": pages.approvals,
        "/e/{evidence}": pages.evidence,
        "/status": pages.status,
        "/audit": AuditPage(desk).show,
        "/trust": Trust(desk).board,
    }
    return [
        Route("/static/{name}", _static(desk), methods=["GET"]),
        *(Route(path, desk.signed_in(page), methods=["GET"]) for path, page in seen.items()),
        *acts.routes(),
        *PapersPages(desk).routes(),
        *EditPage(desk).routes(),
        *StepUpPage(desk).routes(),
        *Login(desk).routes(),
        *Mine(desk).routes(),
        Route("/{path:path}", desk.signed_in(pages.missing), methods=["GET", "POST"]),
    ]


def _static(desk: Desk):
    async def serve(request: Request) -> Response:
        found = desk.files.get(request.path_params["name"])
        if found is None:
            return desk.trouble(None, 404, GONE)
        raw, media_type, digest = found
        exact = request.query_params.get("v", "") == digest
        cache = "public, max-age=31536000, immutable" if exact else "no-cache"
        return Response(raw, media_type=media_type, headers={"cache-control": cache})

    return serve
