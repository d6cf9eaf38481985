"""A small real HTTP server inside the benchmark: it answers, and notes what arrived when."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread

from tests.bench.children import BenchError


@dataclass
class Target:
    """Every POST that arrived, with its time by `time.perf_counter`, in order.

    A GET is answered after `answer_s`.
    """

    port: int
    answer_s: float = 0.0
    arrived: list[tuple[float, bytes]] = field(default_factory=list[tuple[float, bytes]])
    news: Condition = field(default_factory=Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, body: bytes) -> None:
        with self.news:
            self.arrived.append((time.perf_counter(), body))
            self.news.notify_all()

    def wait(self, count: int, within_s: float = 30.0) -> None:
        """Return once `count` POSTs have arrived."""
        with self.news:
            if not self.news.wait_for(lambda: len(self.arrived) >= count, within_s):
                raise BenchError(f"{len(self.arrived)} of {count} calls arrived in {within_s} s")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    target: Target

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hung up at the end of a benchmark is no error."""


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, or the other side waits 40 ms for the second
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        time.sleep(self.server.target.answer_s)
        self._answer(b'{"healthy": false}')

    def do_POST(self) -> None:
        self.server.target.take(self.rfile.read(int(self.headers.get("content-length", "0"))))
        self._answer(b'{"ok": true}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is given
        pass

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def target(answer_s: float = 0.0) -> Generator[Target]:
    """Serve until the block ends."""
    with _Server(("127.0.0.1", 0), _Call) as server:
        server.target = Target(server.server_port, answer_s)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.target
        finally:
            server.shutdown()
            thread.join()
