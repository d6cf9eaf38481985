"""A head has an end in bytes and in seconds; what comes after it is not measured here."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from starlette.types import Receive, Scope, Send

from bot.app import protocol
from bot.app.process import WebServer, bound_socket

PART = b"GET / HTTP/1.1\r\nHost: x\r\n"


async def echo(_scope: Scope, receive: Receive, send: Send) -> None:
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    raw = str(size).encode()
    length = (b"content-length", b"%d" % len(raw))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": raw})


@pytest_asyncio.fixture
async def port() -> AsyncIterator[int]:
    with bound_socket("127.0.0.1", 0) as sock:
        server, ready = WebServer(echo, sock), asyncio.Event()
        serving = asyncio.create_task(server.run(ready.set))
        await ready.wait()
        yield int(sock.getsockname()[1])
        server.stop()
        await serving


async def said(port: int, *parts: bytes) -> bytes:
    """Return all that comes back until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("begun", [b"", b"G", PART, PART + b"X: " + b"a" * 1000])
async def test_a_head_that_does_not_come_is_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(protocol, "HEAD_S", 0.02)
    assert await said(port, begun) == b""


@pytest.mark.parametrize(
    "begun",
    [
        PART + b"X: " + b"a" * 300_000,
        b"GET /" + b"a" * 300_000,
        PART + b"".join(b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(300)),
    ],
)
async def test_a_head_without_an_end_is_refused(port: int, begun: bytes) -> None:
    parts = [begun[at : at + 30_000] for at in range(0, len(begun), 30_000)]
    try:
        answer = await said(port, *parts)
    except ConnectionError:
        return  # it was closed while we were still sending
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_a_large_body_after_a_small_head_is_welcome(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\nConnection: close\r\n\r\n"
    assert (await said(port, head, b"a" * 400_000)).endswith(b"\r\n400000")
    chunked = (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    chunk = b"186A0\r\n" + b"a" * 100_000 + b"\r\n"
    assert (await said(port, chunked, *[chunk] * 4, b"0\r\n\r\n")).endswith(b"\r\n400000")


async def test_one_connection_takes_many_requests(port: int) -> None:
    requests = [PART + b"\r\n"] * 50 + [PART + b"Connection: close\r\n\r\n"]
    assert (await said(port, *requests)).count(b"HTTP/1.1 200 OK") == 51
