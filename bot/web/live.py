"""Live pages: server-sent events that only say that something changed; the page reads it anew."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from bot.web.desk import Desk
from bot.web.session import Visitor

BEAT_S = 15.0
"""A comment is sent this often, so that a dead connection is found and a sign-out ends it."""
RETRY_MS = 2000

Look = Callable[[int], Awaitable[int]]
"""Given the last number told, returns the newest one."""


class Live:
    """The streams behind the pages."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._doors = desk.doors

    async def incident(self, request: Request, visitor: Visitor) -> Response:
        """Stream the seq of one incident from `Last-Event-ID` (or `?after=`) on."""
        name = request.path_params["incident"]
        state = await self._desk.thread(name)

        async def newest(after: int) -> int:
            return max((await self._doors.log.state(name)).seq, after)

        return self._stream(request, visitor, newest, _after(request, state.seq))

    async def everything(self, request: Request, visitor: Visitor) -> Response:
        """Stream the number of the newest event of the log as a whole, for the lists."""

        async def newest(after: int) -> int:
            return max(await self._doors.log.changed(), after)

        return self._stream(request, visitor, newest, _after(request, await newest(0)))

    def _stream(self, request: Request, visitor: Visitor, newest: Look, after: int) -> Response:
        async def signed_in() -> bool:
            now = await self._desk.gate.visitor(request)
            return now is not None and now.session == visitor.session

        body = beats(self._doors.subscribe(), newest, after, signed_in)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(body, media_type="text/event-stream", headers=headers)


async def beats(
    ticks: AsyncIterator[int], newest: Look, after: int, signed_in: Callable[[], Awaitable[bool]]
) -> AsyncIterator[str]:
    """Yield one event each time there is something after `after`; end with `ticks`.

    What was written while nobody listened is told first, so nothing is missed between two
    connections.
    """
    yield f"retry: {RETRY_MS}\n\n"
    waiting = asyncio.ensure_future(anext(ticks, None))
    try:
        while True:
            last, after = after, await newest(after)
            if after > last:
                yield f"id: {after}\nevent: changed\ndata: {json.dumps({'seq': after})}\n\n"
            while not (await asyncio.wait({waiting}, timeout=BEAT_S))[0]:
                if not await signed_in():
                    return
                yield ": still here\n\n"
            if waiting.result() is None:
                return
            waiting = asyncio.ensure_future(anext(ticks, None))
    finally:
        waiting.cancel()


def _after(request: Request, newest: int) -> int:
    told = request.headers.get("last-event-id") or request.query_params.get("after", "")
    return min(int(told), newest) if told.isdecimal() and len(told) < 16 else newest
