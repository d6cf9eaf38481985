"""What the bot acts on in these attacks: a little HTTP service that counts how often it ran."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

JsonScalar = str | int | bool | None


@dataclass
class Target:
    """Where it is, what it was told to do, and what it answers.

    `gate` holds back the probe that is read right before an action while it is not set, `works`
    every other answer: what was called hangs.
    """

    url: str = ""
    runs: list[str] = field(default_factory=list[str])
    state: dict[str, JsonScalar] = field(default_factory=lambda: {"version": "v42", "bad": True})
    answer: dict[str, JsonScalar] = field(default_factory=lambda: {"ok": True})
    gate: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Event = field(default_factory=threading.Event)
    works: threading.Event = field(default_factory=threading.Event)

    def read(self, path: str) -> dict[str, JsonScalar]:
        if path == "/gate":
            if not self.gate.is_set():
                self.waiting.set()
            return {"open": self.gate.wait(8)}
        self.works.wait(20)
        return self.state


@contextmanager
def running_target() -> Generator[Target]:
    target = Target()
    target.gate.set()
    target.works.set()

    class Doors(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(target.read(urlsplit(self.path).path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
            if not urlsplit(self.path).query:  # with one, it is only rehearsed
                target.runs.append(body)
                target.works.wait(20)
            self._say(target.answer)

        def _say(self, body: dict[str, JsonScalar]) -> None:
            raw = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Doors)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    target.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield target
    finally:
        target.gate.set()
        target.works.set()
        server.shutdown()
        server.server_close()
        thread.join()
