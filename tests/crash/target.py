"""The system that the action changes: a real HTTP server that survives the bot and counts calls."""

import json
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Literal

from tests.crash.scene import BAD, GOOD

HELD_S = 60.0
Hold = Literal["", "before", "after"]


class Target:
    """The checkout's version, and how often it was asked to roll back, by `Idempotency-Key`.

    `hold` keeps the answer back, before or after the effect, until `release` is set; `arrived`
    tells that a call came. A call that is dropped has no effect.
    """

    def __init__(self, hold: Hold = "") -> None:
        self.version = BAD
        self.calls: Counter[str] = Counter()
        self.hold = hold
        self.dropped = False
        self.arrived = Event()
        self.release = Event()
        self.url = ""
        self._lock = Lock()

    def state(self) -> dict[str, object]:
        """Return what a probe sees."""
        return {"version": self.version, "healthy": self.version == GOOD}

    def roll_back(self, key: str) -> None:
        """Take effect once; called in the thread of one request."""
        with self._lock:
            self.calls[key] += 1
        if self.hold == "after":
            self.version = GOOD
        if self.hold:
            self.arrived.set()
            self.release.wait(HELD_S)
        if not self.dropped:
            self.version = GOOD


@contextmanager
def serving(target: Target) -> Generator[Target]:
    """Serve the target on a free port of this machine; its `url` is set inside the block."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(target.state())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            if "dry_run" in self.path:
                self._answer({"would": f"roll back from {target.version} to {GOOD}"})
                return
            target.roll_back(self.headers.get("idempotency-key", ""))
            self._answer({"ok": True, "message": f"{GOOD} is live"})

        def _answer(self, body: dict[str, object]) -> None:
            raw = json.dumps(body).encode()
            try:
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)
            except ConnectionError:
                self.close_connection = True  # whoever asked was killed

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in http.server
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        server.daemon_threads = True
        target.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield target
        finally:
            target.release.set()
            server.shutdown()
            thread.join()
