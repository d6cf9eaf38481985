"""Signing in and out: a single-use link, the operator's token, or that of the first start."""

import hmac
import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.errors import BotError, ForbiddenError, InputError
from bot.incident.fact import HOUSE
from bot.incident.facts_house import SessionOpened
from bot.knowledge.people import OPERATOR
from bot.ports import Draft
from bot.telemetry import auth_failures
from bot.web.desk import Desk
from bot.web.form import check_origin, read_form
from bot.web.refusals import Refusals
from bot.web.session import Visitor, digest_of

OURS = re.compile(
    r"/(incidents|proposals|approvals|audit|e|status|me|link)(/[\w-]{1,100})?", re.ASCII
)
"""Where a sign-in may lead: our own pages, never another site."""
WRONG = (
    "That does not sign anybody in. Use the link you were given (triagebot people link NAME makes "
    "one), or the token of the operator's file."
)
SPENT_FIRST = "The link of the first start works once. Use the token of the operator's file."
UNSAFE = (
    "Signing in needs https here: set TRIAGE_PUBLIC_URL to an https address, "
    "or open this page on the machine itself by http://127.0.0.1."
)


class Login:
    """The sign-in page. A GET shows the form and never signs anybody in, whatever it carries."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._doors = desk.doors
        self._refusals = Refusals(desk.doors.log, desk.doors.clock, "login")

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
            person, how = await self._whose(given.get("token", "").strip())
            await self._open(person, how)
            response = RedirectResponse(target, 303)
            await self._desk.gate.enter(request, response, person)
        except ForbiddenError as error:
            return self._shown(target, str(error), 403)
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

    async def _whose(self, token: str) -> tuple[str, str]:
        """Return the person whom this token signs in, and what kind of token it is.

        Raises:
            ForbiddenError: Nobody; the words say what to do, and the attempt is noted.
        """
        given = digest_of(token)
        operator = self._doors.operator_token
        if operator and hmac.compare_digest(given, digest_of(operator)):
            return OPERATOR.name, "token"
        try:
            person = await self._doors.links.enter(token)
        except ForbiddenError as error:
            await self._refusals.note("link", str(error), "web:unknown")
            raise
        if person:
            return person, "link"
        first = self._doors.first_run_digest
        if first and hmac.compare_digest(given, first):
            if await self._doors.sessions.spend(first, self._doors.clock.now()):
                return OPERATOR.name, "first-run"
            await self._refusals.note("link", "the first start's link, again", "web:unknown")
            raise ForbiddenError(SPENT_FIRST)
        await self._refusals.note("token", "sign-in with a wrong token", "web:unknown")
        raise ForbiddenError(WRONG)

    async def _open(self, person: str, how: str) -> None:
        """Keep the sign-in as a fact, before there is a session.

        Raises:
            ForbiddenError: people.yaml does not have the person as active.
        """
        known = self._doors.library.people.get(person)
        if known is None or not known.active:
            raise ForbiddenError(f"{person} is not active in people.yaml, so nobody is signed in.")
        fact = SessionOpened(person=person, how=how)
        await self._doors.log.record(HOUSE, lambda _: Draft(f"web:{person}", (fact,)))

    def _shown(self, target: str, why: str, status: int) -> Response:
        return self._desk.page("login.html", status, visitor=None, target=target, why=why)


def _target(asked: str) -> str:
    return asked if OURS.fullmatch(asked) else "/incidents"
