"""What stands before the API: the token is asked for first, then the body is read, bounded."""

import logging

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.errors import BusyError, ForbiddenError, OversizeError, SignatureError
from bot.knowledge.people import OPERATOR
from bot.web.body import Gone, read_body
from bot.web.doors import Doors
from bot.web.refusals import Refusals
from bot.web.vitals import bearer_of, bears

BODY_MAX_BYTES = 256 * 1024
OPEN = "/openapi.json"
"""The one address under the API that needs no token."""
CALLER = "triagebot.person"
"""Where in the scope of a request the name of the person stands whose token it bears."""
CLOSE = {"connection": "close"}


log = logging.getLogger(__name__)


def caller_of(request: Request) -> str:
    """Return the name of the person whose token the request bears."""
    return str(request.scope[CALLER])


async def admin_of(request: Request, doors: Doors) -> str:
    """Return the name of the admin whose token the request bears, as people.yaml says right now.

    Raises:
        ForbiddenError: Whoever it is, they are no active admin.
        UnreadableError: It cannot be read as it stands now.
    """
    await doors.library.afresh()
    caller = doors.library.people.get(caller_of(request))
    if caller is None or not caller.active or not caller.admin:
        raise ForbiddenError("only an admin of people.yaml may do this")
    return caller.name


class ApiGate:
    """Lets the operator and persons through; others are answered before a byte is read."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._token = doors.operator_token
        self._tokens = doors.tokens
        self._refusals = Refusals(doors.log, doors.clock, "api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, 408 or 413, or hand the request on with its body already here."""
        if scope["type"] != "http":
            return
        try:
            refused, body = await self._looked_at(Request(scope, receive))
        except Gone:
            return
        if refused is not None:
            await refused(scope, receive, send)
        else:
            await self._app(scope, _again(body, receive), send)

    async def _looked_at(self, request: Request) -> tuple[Response | None, bytes]:
        is_open = request.url.path.endswith(OPEN) and request.method in {"GET", "HEAD"}
        try:
            request.scope[CALLER] = "" if is_open else await self._caller(request)
        except SignatureError as error:
            headers = {"www-authenticate": "Bearer"} | CLOSE
            return JSONResponse({"detail": str(error)}, 401, headers), b""
        except BusyError as error:
            headers = {"retry-after": str(error.retry_after_s)} | CLOSE
            return JSONResponse({"detail": str(error)}, 503, headers), b""
        try:
            body = await read_body(
                request.receive, request.headers, BODY_MAX_BYTES, "send less at once"
            )
        except OversizeError as error:
            return JSONResponse({"detail": str(error)}, 413, CLOSE), b""
        except TimeoutError:
            why = "the body came too slowly; send it again"
            return JSONResponse({"detail": why}, 408, CLOSE), b""
        return None, body

    async def _caller(self, request: Request) -> str:
        """Return whose token the request bears.

        Raises:
            SignatureError: Nobody's that counts; the attempt is noted.
            BusyError: The database is away.
        """
        if bears(request, self._token):
            return OPERATOR.name
        try:
            return await self._tokens.owner(bearer_of(request))
        except SignatureError as error:
            try:
                await self._refusals.note("token", f"API call: {error}", "api:unknown")
            except BusyError as busy:
                log.warning("a refused API call could not be kept as a fact: %s", busy)
            raise


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read once more, and then what comes after it."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
