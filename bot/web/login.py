"""Signing in and out: the operator's token, or the single-use token of the first start."""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.errors import BotError, ForbiddenError, InputError
from bot.incident.fact import HOUSE
from bot.incident.facts_house import AccessRefused
from bot.knowledge.people import OPERATOR
from bot.ports import Draft
from bot.telemetry import auth_failures
from bot.web.desk import Desk
from bot.web.form import check_origin, read_form
from bot.web.session import Visitor, digest_of

OURS = re.compile(r"/(incidents|proposals|approvals|e|status)(/[\w-]{1,100})?", re.ASCII)
"""Where a sign-in may lead: our own pages, never another site."""
REFUSAL_EVERY = timedelta(seconds=10)
"""One AccessRefused in this time, so that guessing cannot fill the log."""
UNSAFE = (
    "Signing in needs https here: set TRIAGE_PUBLIC_URL to an https address, "
    "or open this page on the machine itself by http://127.0.0.1."
)


class Login:
    """The sign-in page. A GET shows the form and never signs anybody in, whatever it carries."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._doors = desk.doors
        self._refused_at: datetime | None = None

    def routes(self) -> Sequence[Route]:
        """Return the routes of signing in and out."""
        return [
            Route("/login", self.form, methods=["GET"]),
            Route("/login", self.enter, methods=["POST"]),
            Route("/logout", self._desk.signed_in(self.leave), methods=["POST"]),
        ]

    async def form(self, request: Request) -> Response:
        """Show the form."""
        target = _target(request.query_params.get("next", ""))
        why = "" if self._desk.gate.cookie_for(request) else UNSAFE
        return self._shown(target, why, 200)

    async def enter(self, request: Request) -> Response:
        """Open a session for whoever knows a token; the old session of the browser ends."""
        try:
            check_origin(request, self._desk.gate.public_url)
            if not self._desk.gate.cookie_for(request):
                raise ForbiddenError(UNSAFE)
            given = await read_form(request)
        except InputError as error:
            auth_failures.labels("login", "origin").inc()
            return self._shown("/incidents", str(error), 403)
        target = _target(given.get("next", ""))
        try:
            if not await self._known(given.get("token", "").strip()):
                await self._note_refusal()
                why = "That is not the token. The bot's terminal or its token file has it."
                return self._shown(target, why, 403)
            response = RedirectResponse(target, 303)
            await self._desk.gate.enter(request, response, OPERATOR.name)
        except BotError as error:
            return self._shown(target, f"Not signed in: {error}", 503)
        return response

    async def leave(self, request: Request, visitor: Visitor) -> Response:
        """End the session."""
        self._desk.gate.check(request, await read_form(request), visitor)
        await self._desk.gate.leave(request)
        response = RedirectResponse("/login", 303)
        self._desk.gate.forget(request, response)
        return response

    async def _known(self, token: str) -> bool:
        given = digest_of(token)
        operator = self._doors.operator_token
        if operator and hmac.compare_digest(given, digest_of(operator)):
            return True
        first = self._doors.first_run_digest
        if not first or not hmac.compare_digest(given, first):
            return False
        return await self._doors.sessions.spend(first, self._doors.clock.now())

    async def _note_refusal(self) -> None:
        """Count the attempt, and keep it as a fact unless one was kept just now."""
        auth_failures.labels("login", "token").inc()
        now = self._doors.clock.now()
        if self._refused_at is not None and now - self._refused_at < REFUSAL_EVERY:
            return
        self._refused_at = now
        fact = AccessRefused(actor="web:unknown", why="sign-in with a wrong token")
        await self._doors.log.record(HOUSE, lambda _: Draft("web:unknown", (fact,)))

    def _shown(self, target: str, why: str, status: int) -> Response:
        return self._desk.page("login.html", status, visitor=None, target=target, why=why)


def _target(asked: str) -> str:
    return asked if OURS.fullmatch(asked) else "/incidents"
