"""A crew of real processes on one PostgreSQL database, around a checkout that can be held up."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import httpx

from tests.crash import scene
from tests.crash.target import Target, serving
from tests.dialling import ONE_EACH
from tests.peers import free_port

TRIAGEBOT = Path(sys.executable).with_name("triagebot")
TOKEN = "a-token-that-all-processes-share"
WITHIN_S = 100.0
LOOK_S = 0.05
T = TypeVar("T")


class SlowTarget(Target):
    """A target whose probes are held up while `open` is not set; `probed` tells that one came."""

    def __init__(self) -> None:
        super().__init__()
        self.open = Event()
        self.open.set()
        self.probed = Event()

    def state(self) -> dict[str, object]:
        """Return what a probe sees, once it may."""
        self.probed.set()
        self.open.wait(WITHIN_S)
        return super().state()

    def hold_probes(self) -> None:
        """Hold up the probes from now on."""
        self.probed.clear()
        self.open.clear()


class Hand:
    """One process of the crew."""

    def __init__(self, role: str, folder: Path, env: dict[str, str]) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / f"{role}-{port}.log"
        self._out = self.log.open("wb")
        self.process = subprocess.Popen(
            [TRIAGEBOT, role],
            cwd=folder,
            env=env | {"PORT": str(port)},
            stdout=self._out,
            stderr=self._out,
        )
        headers = {"authorization": f"Bearer {TOKEN}"}
        self.client = httpx.Client(
            base_url=self.url, headers=headers, timeout=30, trust_env=False, limits=ONE_EACH
        )

    def checks(self) -> dict[str, Any]:
        """Return what readiness says, {} while nobody answers."""
        try:
            return self.client.get("/readyz").json()["checks"]
        except httpx.TransportError:
            return {}

    def ready(self) -> "Hand":
        """Return itself once it is ready."""
        self.until(lambda: self.checks().get("database", {}).get("ok"))
        return self

    def until(self, look: Callable[[], T]) -> T:
        """Return what `look` sees once it is true."""
        late = time.monotonic() + WITHIN_S
        while not (seen := look()):
            assert time.monotonic() < late, self.said()
            time.sleep(LOOK_S)
        return seen

    def said(self) -> str:
        """Return its log."""
        return self.log.read_text(errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def end(self) -> int:
        """Ask it to end; return its exit code."""
        self.send(signal.SIGTERM)
        return self.process.wait(WITHIN_S)

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.client.close()
        self._out.close()

    def say(self, words: str) -> str:
        """Say something as the operator; return the answer."""
        answer = self.client.post("/api/v1/commands", json={"text": words})
        assert answer.is_success, answer.text
        return str(answer.json()["text"])

    def post(self, path: str, body: bytes, secret: str) -> None:
        """Post what another system says."""
        headers = {"authorization": f"Bearer {secret}", "content-type": "application/json"}
        answer = self.client.post(path, content=body, headers=headers)
        assert answer.is_success, answer.text

    def thread(self) -> dict[str, Any]:
        """Return the first incident and its events."""
        return self.client.get("/api/v1/incidents/INC-1?events=true").json()

    def events(self) -> list[str]:
        """Return the types of the incident's events, oldest first."""
        return [str(event["type"]) for event in self.thread().get("events", [])]

    def proposal(self) -> tuple[str, str]:
        """Return the proposal's id and status; ("", "") before there is one."""
        views = self.thread().get("incident", {}).get("proposals", {})
        return next(((name, str(view["status"])) for name, view in views.items()), ("", ""))


class Crew:
    """Hires hands, and is the monitoring around them."""

    def __init__(self, folder: Path, database: str, target: str) -> None:
        self._folder = folder
        self._start = datetime.now(UTC)
        self._hands: list[Hand] = []
        scene.write_folder(folder / "knowledge", target, read_back=True)
        operator = {"name": scene.PERSON, "groups": ["payments"], "admin": True}
        folder.joinpath("knowledge", "people.yaml").write_text(json.dumps({"people": [operator]}))
        self._env = {
            **scene.SECRETS,
            "PATH": os.environ["PATH"],
            "DATABASE_URL": database,
            "TRIAGE_RUNBOOKS": str(folder / "knowledge"),
            "TRIAGE_OPERATOR_TOKEN": TOKEN,
            "TRIAGE_SIGNING_KEY": "5e" * 32,
            "TRIAGE_DEBOUNCE_S": "0",
            "TRIAGE_CLOSE_AFTER_S": "0",
            "TRIAGE_CONSOLE": "0",
        }

    def hire(self, role: str) -> Hand:
        """Start a process; it may not be ready yet."""
        made = Hand(role, self._folder, self._env)
        self._hands.append(made)
        return made

    def deploy(self, at: Hand) -> None:
        """Tell of the deploy."""
        secret = scene.SECRETS["TRIAGE_HOOK_CHANGE"]
        at.post("/hooks/change/default", scene.deploy(self._start), secret)

    def alert(self, at: Hand, status: str) -> None:
        """Tell of the alerts."""
        secret = scene.SECRETS["TRIAGE_HOOK_ALERTMANAGER"]
        at.post("/hooks/alertmanager/default", scene.alerts(self._start, status), secret)

    def close(self) -> None:
        """End what still runs."""
        for hand in self._hands:
            hand.close()


@contextmanager
def crew_of(folder: Path, database: str) -> Generator[tuple[Crew, SlowTarget]]:
    """Yield a crew without hands, and what it looks after."""
    target = SlowTarget()
    with serving(target):
        crew = Crew(folder, database, target.url)
        try:
            yield crew, target
        finally:
            target.open.set()
            crew.close()
