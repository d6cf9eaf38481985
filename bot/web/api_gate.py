"""What stands before the API: the token is asked for first, then the body is read, bounded."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.errors import OversizeError
from bot.telemetry import auth_failures
from bot.web.body import Gone, read_body
from bot.web.vitals import bears

BODY_MAX_BYTES = 256 * 1024
OPEN = "/openapi.json"
"""The one address under the API that needs no token."""
UNKNOWN = "send the operator's token: Authorization: Bearer …; its file has it"
CLOSE = {"connection": "close"}


class ApiGate:
    """Lets the operator through; whoever else calls is answered before a byte of it is read."""

    def __init__(self, app: ASGIApp, operator_token: str) -> None:
        self._app = app
        self._token = operator_token

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
        if not is_open and not bears(request, self._token):
            auth_failures.labels("api", "token").inc()
            headers = {"www-authenticate": "Bearer"} | CLOSE
            return JSONResponse({"detail": UNKNOWN}, 401, headers), b""
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
