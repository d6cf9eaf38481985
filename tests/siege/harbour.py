"""The harbour outside: a real HTTP server, a process of its own, and a ledger of who called.

Each call of the action is a line of an append-only file before it takes effect: `key berth`.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.types import Receive, Scope, Send

from tests.peers import free_port

ROOT = Path(__file__).parents[2]
CALL_S = 0.02
HELD_S = 90.0
READY_S = 60.0


class Berths:
    """The application: berths are blocked until somebody opens them.

    After `hold`, the next call waits for `release`; `held` tells for which berth.
    """

    def __init__(self, ledger: Path) -> None:
        self._file = os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._open: set[str] = set()
        self._hold = False
        self._held = ""
        self._release = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body, more = body + message.get("body", b""), message.get("more_body", False)
        word, _, name = scope["path"].strip("/").partition("/")
        raw = json.dumps(await self._answer(word, name, dict(scope["headers"]), body)).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(raw)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": raw})

    async def _answer(
        self, word: str, name: str, headers: dict[bytes, bytes], body: bytes
    ) -> dict[str, object]:
        if word == "state":
            return {"blocked": name not in self._open}
        if word == "open":
            key = headers.get(b"idempotency-key", b"").decode()
            await self._call(key, str(json.loads(body)["service"]))
        if word == "hold":
            self._hold = True
        if word == "release":
            self._release.set()
        return {"held": self._held}

    async def _call(self, key: str, berth: str) -> None:
        """Note the call, take a while, and open the berth, whether or not the caller waits."""
        os.write(self._file, f"{key} {berth}\n".encode())
        if self._hold:
            self._hold, self._held = False, berth
            await asyncio.wait_for(self._release.wait(), HELD_S)
        await asyncio.sleep(CALL_S)
        self._open.add(berth)


class Harbour:
    """What the tests see of it; it answers until the block that opened it ends."""

    def __init__(self, url: str, ledger: Path) -> None:
        self.url = url
        self._ledger = ledger

    @property
    def calls(self) -> int:
        """How many calls arrived so far."""
        return self._ledger.read_bytes().count(b"\n") if self._ledger.exists() else 0

    def ledger(self) -> tuple[Counter[str], Counter[str]]:
        """Return how often each key called, and how often each berth was opened."""
        lines = [line.split() for line in self._ledger.read_text().splitlines()]
        return Counter(key for key, _ in lines), Counter(berth for _, berth in lines)

    def hold(self) -> None:
        """Let the next call wait for its answer."""
        self._say("hold")

    def held(self) -> str:
        """Return the berth whose call waits or waited; "" before one came."""
        return self._say("held")

    def release(self) -> None:
        """Answer the call that waits."""
        self._say("release")

    def _say(self, word: str) -> str:
        answer = httpx.get(f"{self.url}/{word}", trust_env=False, timeout=READY_S)
        return str(answer.raise_for_status().json()["held"])

    def is_ready(self) -> bool:
        """Tell whether it answers."""
        try:
            return self.held() == ""
        except httpx.TransportError:
            return False


@contextmanager
def open_harbour(ledger: Path) -> Generator[Harbour]:
    """Serve a harbour on a free port of this machine until the block ends."""
    ledger.touch()
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.siege.harbour", str(port), str(ledger)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )
    try:
        harbour = Harbour(f"http://127.0.0.1:{port}", ledger)
        late = time.monotonic() + READY_S
        while not harbour.is_ready():
            assert process.poll() is None, "the harbour did not open"
            assert time.monotonic() < late, "the harbour does not answer"
            time.sleep(0.05)
        yield harbour
    finally:
        process.kill()
        process.wait()


def main(port: str, ledger: str) -> None:
    """Serve until killed."""
    uvicorn.run(
        Berths(Path(ledger)),
        port=int(port),
        lifespan="off",
        access_log=False,
        log_level="warning",
        backlog=2048,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
