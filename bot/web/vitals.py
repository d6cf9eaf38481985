"""Whether the process lives, is ready and how it does: `/livez /readyz /startupz /metrics`."""

import hmac
import ipaddress

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.telemetry import auth_failures, exposition
from bot.web.doors import FATAL_CHECKS, Doors
from bot.web.form import on_loopback

EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"
PROXY_MARKS = (
    "forwarded",
    "x-forwarded-",
    "x-real-",
    "x-client-ip",
    "true-client-ip",
    "cf-",
    "via",
)
"""What headers of a proxy begin with: whoever asks through one is not on this machine."""


class Vitals:
    """The endpoints that machines watch; none of them needs a session."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def routes(self) -> list[Route]:
        """Return the four routes (G-01)."""
        return [
            Route("/livez", self.livez),
            Route("/readyz", self.readyz),
            Route("/startupz", self.readyz),
            Route("/metrics", self.metrics),
        ]

    async def livez(self, _request: Request) -> Response:
        """Answer as long as the event loop turns; asks nobody."""
        return PlainTextResponse("ok\n")

    async def readyz(self, _request: Request) -> Response:
        """Answer 200 when work can be taken, 503 when the log cannot be written or we stop."""
        checks = dict(await self._doors.health())
        if self._doors.stopping():
            checks["stopping"] = (False, "the process is stopping; nothing new is taken")
        fatal = FATAL_CHECKS | {"stopping"}
        ready = all(well for name, (well, _) in checks.items() if name in fatal)
        degraded = not all(well for well, _ in checks.values())
        body = {
            "ready": ready,
            "state": "failing" if not ready else "degraded" if degraded else "ok",
            "checks": {name: {"ok": well, "text": text} for name, (well, text) in checks.items()},
        }
        return JSONResponse(body, 200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        """Answer a scraper on this machine, or one that bears the operator's token."""
        if not (_from_here(request) or bears(request, self._doors.operator_token)):
            auth_failures.labels("metrics", "token").inc()
            return PlainTextResponse(
                "metrics need the operator's token: Authorization: Bearer …\n",
                401,
                {"www-authenticate": "Bearer"},
            )
        return Response(exposition(), media_type=EXPOSITION)


def bearer_of(request: Request) -> str:
    """Return the bearer token that the request carries, "" without one."""
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if kind.lower() == "bearer" else ""


def bears(request: Request, token: str) -> bool:
    """True when the request carries exactly `token` as its bearer token; never with none."""
    same = hmac.compare_digest(bearer_of(request).encode(), token.encode())
    return bool(token) and same


def _from_here(request: Request) -> bool:
    if request.client is None or any(name.startswith(PROXY_MARKS) for name in request.headers):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback and on_loopback(request)
    except ValueError:
        return False
