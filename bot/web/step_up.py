"""The page on which a person sets up their one-time codes (E-24); nobody else can do it for them.

Whoever holds a session could set up codes of their own in the person's name. So the first ones are
set up within ten minutes of signing in, new ones need a code of those before, and each time the log
says so.
"""

from collections.abc import Sequence
from datetime import timedelta

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.errors import ForbiddenError
from bot.ports import Outcome
from bot.web.desk import Desk
from bot.web.form import read_form
from bot.web.session import Visitor

PATH = "/me/step-up"
YOUNG = timedelta(minutes=10)
SIGN_IN = (
    "Sign out and in again, then set up one-time codes within ten minutes: "
    "so a browser left alone cannot do it for you."
)
CODE_CHARS = 20


class StepUpPage:
    """Shows how a person's codes stand; offers a new secret, and takes the first code of it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._doors = desk.doors
        self._enrolment = desk.doors.step_up

    def routes(self) -> Sequence[Route]:
        """Return the routes of the page; its GET changes nothing."""
        return [
            Route(PATH, self._desk.signed_in(self.page), methods=["GET"]),
            Route(f"{PATH}/offer", self._desk.signed_in(self.offer), methods=["POST"]),
            Route(f"{PATH}/confirm", self._desk.signed_in(self.confirm), methods=["POST"]),
        ]

    async def page(self, request: Request, visitor: Visitor) -> Response:
        """Show the page; while a secret is offered to this session, show that too."""
        offered = await self._enrolment.offered(visitor.person, visitor.session)
        is_ready = await self._enrolment.ready(visitor.person)
        return await self._desk.show(
            request,
            visitor,
            "step_up.html",
            is_ready=is_ready,
            may=is_ready or await self._is_young(visitor),
            offer=offered,
            groups=_in_fours(offered.secret) if offered else "",
            square=_square(offered.uri) if offered else "",
        )

    async def offer(self, request: Request, visitor: Visitor) -> Response:
        """Make a new secret for this session."""
        await self._checked(request, visitor)
        if not await self._enrolment.ready(visitor.person) and not await self._is_young(visitor):
            raise ForbiddenError(SIGN_IN)
        await self._enrolment.offer(visitor.person, visitor.session)
        return RedirectResponse(PATH, 303)

    async def confirm(self, request: Request, visitor: Visitor) -> Response:
        """Put the offered secret in force by its first code; a wrong one leaves it offered."""
        form = await self._checked(request, visitor)
        code, current = form.get("code", "")[:CODE_CHARS], form.get("current", "")[:CODE_CHARS]
        try:
            await self._enrolment.confirm(visitor.person, visitor.session, code, current)
        except ForbiddenError as refused:
            self._desk.say(visitor, Outcome(str(refused), "refused"))
        else:
            text = "Your one-time codes are set up. The log says so, for everybody to see."
            self._desk.say(visitor, Outcome(text, "done"))
        return RedirectResponse(PATH, 303)

    async def _checked(self, request: Request, visitor: Visitor):
        form = await read_form(request)
        self._desk.gate.check(request, form, visitor)
        return form

    async def _is_young(self, visitor: Visitor) -> bool:
        row = await self._doors.sessions.get(visitor.session)
        return row is not None and self._doors.clock.now() - row.created_at < YOUNG


def _in_fours(secret: str) -> str:
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _square(uri: str) -> Markup:
    """Return the address as a QR code that no style attribute belongs to (the CSP has none)."""
    import segno  # noqa: PLC0415 - heavy, and seldom wanted

    drawn = segno.make_qr(uri, error="m").svg_inline(
        scale=4, border=3, dark="#000", light="#fff", omitsize=False, svgclass="square"
    )
    return Markup(drawn)  # noqa: S704 - drawn by the library of our own address, no text in it
