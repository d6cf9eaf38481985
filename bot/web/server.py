"""The server: one ASGI application made of the hot path, the pages, the API and the vitals."""

import asyncio

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.web.doors import Doors
from bot.web.hooks import Hooks
from bot.web.pages import page_routes
from bot.web.session import Gate
from bot.web.shield import Shield
from bot.web.vitals import Vitals

HOOKS = "/hooks/"


class LateApi:
    """The API, built when it is first called: FastAPI's import is a tenth of the start's cost."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._app: ASGIApp | None = None
        self._lock = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Build once, off the event loop, then pass on."""
        if self._app is None:
            async with self._lock:
                self._app = self._app or await asyncio.to_thread(self._build)
        await self._app(scope, receive, send)

    def _build(self) -> ASGIApp:
        from bot.web.api import build_api  # noqa: PLC0415 - the start must not pay for it

        return build_api(self._doors)


def build_vitals(doors: Doors) -> ASGIApp:
    """Return the application of a process that nobody but machines looks at."""
    return Starlette(routes=Vitals(doors).routes())


def build(doors: Doors) -> ASGIApp:
    """Return the application; `/hooks/` passes no routing table and no middleware."""
    gate = Gate(doors)
    hooks = Hooks(doors)
    routes = [
        *Vitals(doors).routes(),
        Mount("/api/v1", app=LateApi(doors)),
        *page_routes(doors, gate),
    ]
    rest = Shield(Starlette(routes=routes), doors.clock, secure=gate.secure)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(HOOKS):
            await hooks(scope, receive, send)
        else:
            await rest(scope, receive, send)

    return serve
