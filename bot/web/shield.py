"""The security headers of every page and API answer (H-04), as plain ASGI."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.logs import correlation
from bot.ports import Clock
from bot.web.trace import headers_of, trace_id

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
ALWAYS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
YEAR = "max-age=31536000; includeSubDomains"


class Shield:
    """Adds the headers, a correlation id and, unless a route says otherwise, `no-store`."""

    def __init__(self, app: ASGIApp, clock: Clock, *, secure: bool) -> None:
        self._app = app
        self._clock = clock
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its correlation id; mend the answer's headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        token = correlation.set(trace_id(headers_of(scope)) or self._clock.token(8))

        async def shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in ALWAYS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
                if self._secure:
                    headers["strict-transport-security"] = YEAR
            await send(message)

        try:
            await self._app(scope, receive, shielded)
        finally:
            correlation.reset(token)
