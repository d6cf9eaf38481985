"""The HTTP client a provider's SDK is handed: one server, no redirect, bounded answers (F-02).

It takes no proxy, certificate or netrc from the environment: who must go through a proxy points
the provider's base address at a gateway. A cookie is never sent back. Whatever passes is noted in
the current trace, so that an exchange is what really went over the wire, not what we meant.
"""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from bot import telemetry
from bot.agent.llm.trace import Trace, current

CAP_BYTES = 2 * 1024 * 1024
CONNECT_S = 5.0
IDLE_S = 20.0
"""A connection idle for longer is not used again: the server may close it under a request."""
WHOLE_S = 60.0
"""Longer than any deadline: those are kept by whoever asks."""

log = logging.getLogger(__name__)


class StrayError(httpx2.TransportError):
    """A request or its answer was broken off by us; the trace says why."""


class OneServer(httpx2.AsyncBaseTransport):
    """Carries requests to the server of `address` and to no other; "" is none at all."""

    def __init__(self) -> None:
        self.address = ""
        self._inner = httpx2.AsyncHTTPTransport(
            trust_env=False,
            limits=httpx2.Limits(
                max_connections=32, max_keepalive_connections=4, keepalive_expiry=IDLE_S
            ),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the whole answer.

        Raises:
            StrayError: It goes elsewhere, or what came is a redirect, compressed or too large.
            TransportError: No answer came.
        """
        trace = current()
        if _server(request.url) != _server(httpx2.URL(self.address)):
            note_stray(trace, str(request.url.copy_with(query=None, username="", password="")))
            raise StrayError(trace.fault)
        trace.address = str(request.url.copy_with(query=None))
        trace.sent = await request.aread()
        response = await self._inner.handle_async_request(request)
        try:
            trace.status = response.status_code
            _check(trace, response)
            body = await _read(trace, response)
        finally:
            await response.aclose()
        trace.came = body
        return httpx2.Response(
            response.status_code, headers=response.headers, content=body, request=request
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._inner.aclose()


@asynccontextmanager
async def one_server() -> AsyncGenerator[tuple[httpx2.AsyncClient, OneServer]]:
    """Yield a client, and its transport, whose `address` says whom it may speak to."""
    transport = OneServer()
    async with httpx2.AsyncClient(
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={"user-agent": "triagebot", "accept-encoding": "identity"},
        timeout=httpx2.Timeout(WHOLE_S, connect=CONNECT_S, pool=CONNECT_S),
    ) as client:
        yield client, transport


def note_stray(trace: Trace, address: str) -> None:
    """Count and log that a model's client was about to speak to another server."""
    trace.fault = f"was about to ask {address}, which is not its address; nothing was sent"
    telemetry.security_events.labels("egress").inc()
    log.error("SECURITY: the client of a model asked for %s, which nobody configured", address)


def _server(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _check(trace: Trace, response: httpx2.Response) -> None:
    if 300 <= response.status_code < 400:
        trace.fault = "answered with a redirect, which is not followed; set the final address"
    elif response.headers.get("content-encoding", "identity") != "identity":
        trace.fault = "answered compressed although asked not to"
    if trace.fault:
        raise StrayError(trace.fault)


async def _read(trace: Trace, response: httpx2.Response) -> bytes:
    raw = bytearray()
    async for chunk in response.aiter_raw():
        raw += chunk
        if len(raw) > CAP_BYTES:
            trace.fault = f"answered more than {CAP_BYTES} bytes"
            raise StrayError(trace.fault)
    return bytes(raw)
