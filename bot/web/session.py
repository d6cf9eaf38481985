"""Web sessions (H-04): who is looking, by a cookie whose token only its owner knows."""

import hmac
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from bot.errors import ForbiddenError
from bot.incident.keys import digest_of
from bot.ports import SessionRow
from bot.telemetry import auth_failures
from bot.web.doors import Doors
from bot.web.form import Form, check_origin, on_loopback

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(hours=24)
TOUCH_EVERY = timedelta(minutes=1)
"""A session's last use is written at most this often."""
SECURE_COOKIE = "__Host-triage"
LOOPBACK_COOKIE = "triage_session"
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is looking: the person's name, the session's id, and the token its forms carry."""

    person: str
    session: str
    csrf: str

    @property
    def actor(self) -> str:
        """Who caused what this visitor does, as events name it."""
        return f"web:{self.person}"


class Gate:
    """Opens, finds and closes sessions; decides nothing about what a person may do."""

    def __init__(self, doors: Doors) -> None:
        self._sessions = doors.sessions
        self._clock = doors.clock
        self._library = doors.library
        self.public_url = str(doors.settings.public_url or "")
        self.secure = self.public_url.startswith("https://")

    def cookie_for(self, request: Request) -> str:
        """Return the cookie's name for this request; empty where no session is safe.

        Without https a cookie is only safe on loopback.
        """
        if self.secure:
            return SECURE_COOKIE
        return LOOPBACK_COOKIE if on_loopback(request) else ""

    async def visitor(self, request: Request) -> Visitor | None:
        """Return who is looking, or None without a session that is still good.

        It is good no more as soon as people.yaml does not have its person, or not as active (E-25).
        """
        name = self.cookie_for(request)
        token = request.cookies.get(name, "") if name else ""
        if not token:
            return None
        row = await self._sessions.get(digest_of(token))
        if row is None:
            return None
        now = self._clock.now()
        person = self._library.people.get(row.person)
        is_over = now - row.seen_at >= IDLE or now - row.created_at >= ABSOLUTE
        if is_over or person is None or not person.active:
            await self._sessions.close(row.id)
            return None
        if now - row.seen_at >= TOUCH_EVERY:
            await self._sessions.touch(row.id, now)
        return Visitor(row.person, row.id, row.csrf)

    async def enter(self, request: Request, response: Response, person: str) -> None:
        """Open a fresh session for `person` and give its token to `response`; the old one ends."""
        await self.leave(request)
        token, now = self._clock.token(TOKEN_BYTES), self._clock.now()
        row = SessionRow(digest_of(token), person, self._clock.token(TOKEN_BYTES), now, now)
        await self._sessions.open(row)
        response.set_cookie(
            self.cookie_for(request), token, max_age=int(ABSOLUTE.total_seconds()),
            path="/", secure=self.secure, httponly=True, samesite="lax",
        )  # fmt: skip

    async def leave(self, request: Request) -> None:
        """End the session of this request, if there is one."""
        name = self.cookie_for(request)
        token = request.cookies.get(name, "") if name else ""
        if token:
            await self._sessions.close(digest_of(token))

    async def leave_everywhere(self, visitor: Visitor) -> int:
        """End every session of the visitor, in whatever browser; return how many there were."""
        return await self._sessions.close_all(visitor.person)

    def forget(self, request: Request, response: Response) -> None:
        """Take the cookie back."""
        response.delete_cookie(
            self.cookie_for(request), path="/", secure=self.secure, httponly=True, samesite="lax"
        )

    def check(self, request: Request, form: Form, visitor: Visitor) -> None:
        """Refuse a form that was not made by one of this session's own pages.

        Raises:
            ForbiddenError: Another site sent it, or it carries another session's token.
        """
        try:
            check_origin(request, self.public_url)
            _check_token(form, visitor)
        except ForbiddenError:
            auth_failures.labels("web", "csrf").inc()
            raise


def _check_token(form: Form, visitor: Visitor) -> None:
    if not hmac.compare_digest(form.get("csrf", "").encode(), visitor.csrf.encode()):
        raise ForbiddenError("this form is out of date; open the page again and retry")
