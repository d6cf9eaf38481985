"""Load over keep-alive connections: a fixed number of requests, as fast as they are answered."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import cast

import uvloop

from tests.bench.children import BenchError

CONNECTIONS = 32
STALLED_S = 60.0


@dataclass
class Sent:
    """What came of it: when it began, seconds until the last answer, latencies and statuses.

    `accepted` are the numbers of the requests answered with 200, in that order; `unmannered` counts
    503 without Retry-After.
    """

    began: float = 0.0
    wall_s: float = 0.0
    latencies_s: list[float] = field(default_factory=list[float])
    statuses: dict[int, int] = field(default_factory=dict[int, int])
    accepted: list[int] = field(default_factory=list[int])
    unmannered: int = 0


def request(path: str, body: bytes, token: str = "") -> bytes:
    """The bytes of one POST of JSON."""
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"{bearer}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def send_all(
    port: int,
    requests: Sequence[bytes],
    connections: int = CONNECTIONS,
    rate: float = 0.0,
    beside: Sequence[int] = (),
) -> Sent:
    """Send each request once; BenchError unless every one is answered with 200.

    The connections are shared out between `port` and the ports `beside` it. With a `rate` a
    request is sent at its own time, `rate` a second, and its latency counts from that time,
    however late it was sent; else one follows the other on each connection.
    """
    plan = _Plan(rate, None, beside)
    sent = uvloop.run(_send(port, requests, min(connections, len(requests)), plan))
    if sent.statuses != {200: len(requests)}:
        raise BenchError(f"{len(requests)} requests were answered so: {sent.statuses}")
    return sent


def offer(
    port: int,
    requests: Sequence[bytes],
    connections: int = CONNECTIONS,
    rate: float = 0.0,
    cut: Callable[[int], None] | None = None,
) -> Sent:
    """Send each request once, as `send_all`, whatever the answers are.

    With `cut`, which is called with the number of those accepted so far, the server may die of it.
    """
    plan = _Plan(rate, cut)
    return uvloop.run(_send(port, requests, min(connections, len(requests)), plan))


async def _send(port: int, requests: Sequence[bytes], connections: int, plan: "_Plan") -> Sent:
    loop = asyncio.get_running_loop()
    ports = (port, *plan.beside)
    sent, rate = Sent(), plan.rate
    queue = iter(enumerate(requests))
    lines = [_Line(queue, sent, plan) for _ in range(connections)]
    async with asyncio.timeout(STALLED_S + (len(requests) / rate if rate else 0)):
        for line, where in zip(lines, cycle(ports), strict=False):
            await loop.create_connection(lambda line=line: line, "127.0.0.1", where)
        sent.began = time.perf_counter()
        for line in lines:
            line.begin()
        await asyncio.gather(*(line.done for line in lines))
    sent.wall_s = time.perf_counter() - sent.began
    return sent


@dataclass(frozen=True)
class _Plan:
    rate: float
    cut: Callable[[int], None] | None
    beside: Sequence[int] = ()


class _Line(asyncio.Protocol):
    """One connection, which takes the next request off the common queue when it is free."""

    def __init__(self, queue: Iterator[tuple[int, bytes]], sent: Sent, plan: _Plan) -> None:
        self._queue = queue
        self._sent = sent
        self._plan = plan
        self._rate = plan.rate
        self._cut = plan.cut
        self._number = 0
        self._buffer = b""
        self._at = 0.0
        self._heir: asyncio.Task[None] | None = None
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def begin(self) -> None:
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._buffer = b""
        status = int(head[9:12])
        self._sent.statuses[status] = self._sent.statuses.get(status, 0) + 1
        self._sent.latencies_s.append(time.perf_counter() - self._at)
        if status == 200:
            self._sent.accepted.append(self._number)
            if self._cut is not None:
                self._cut(len(self._sent.accepted))
        elif status == 503 and b"retry-after:" not in head.lower():
            self._sent.unmannered += 1
        if b"connection: close" in head.lower():
            self._heir = asyncio.get_running_loop().create_task(self._hand_on())
            return
        self._next()

    async def _hand_on(self) -> None:
        """Go on with a new connection: the server closes this one, as it said."""
        port = self._transport.get_extra_info("peername")[1]
        self._transport.close()
        heir = _Line(self._queue, self._sent, self._plan)
        heir.done = self.done
        try:
            await asyncio.get_running_loop().create_connection(lambda: heir, "127.0.0.1", port)
        except OSError as error:
            heir.connection_lost(error)
            return
        heir.begin()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._heir is not None:
            return
        if self._cut is not None and not self.done.done():
            self.done.set_result(None)
        if not self.done.done():
            self.done.set_exception(exc or BenchError("the server closed the connection"))

    def _next(self) -> None:
        number, message = next(self._queue, (0, b""))
        self._number = number
        if not message:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        if not self._rate:
            self._at = time.perf_counter()
            self._transport.write(message)
            return
        self._at = self._sent.began + number / self._rate
        wait_s = max(self._at - time.perf_counter(), 0)
        asyncio.get_running_loop().call_later(wait_s, self._transport.write, message)


def _length(head: bytes) -> int:
    lower = head.lower()
    place = lower.find(b"content-length:")
    return int(lower[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
