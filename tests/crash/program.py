"""The real program, `triagebot serve`, as a process to signal; people use its HTTP doors."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx

from tests.crash import scene
from tests.crash.story import Story
from tests.dialling import ONE_EACH

SERVE = [str(Path(sys.executable).with_name("triagebot")), "serve"]
LOOK_S = 0.03
COME_S = 60.0


class Program:
    """One run on a story's folder; a context manager that leaves no process behind."""

    def __init__(self, story: Story, port: int) -> None:
        self._story = story
        self._base = f"http://127.0.0.1:{port}"
        self._output = story.folder.joinpath("output").open("ab")
        self.process = subprocess.Popen(
            SERVE,
            cwd=story.folder,
            env=environment(story.folder, port),
            stdout=self._output,
            stderr=self._output,
        )
        self._client = httpx.Client(base_url=self._base, timeout=COME_S, limits=ONE_EACH)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._client.close()
        self._output.close()

    def ready(self) -> bool:
        """Tell whether the program says that it takes work."""
        try:
            return self._client.get("/readyz").is_success
        except httpx.TransportError:
            return False

    def deploy(self) -> None:
        """Tell it of the deploy."""
        body = scene.deploy(self._story.start)
        self._post("/hooks/change/default", body, scene.SECRETS["TRIAGE_HOOK_CHANGE"])

    def alert(self, status: str) -> None:
        """Tell it of the alerts."""
        body = scene.alerts(self._story.start, status)
        secret = scene.SECRETS["TRIAGE_HOOK_ALERTMANAGER"]
        self._post("/hooks/alertmanager/default", body, secret)

    def say(self, words: str) -> str:
        """Say something as the operator; return the answer."""
        self._client.headers["authorization"] = f"Bearer {self._token()}"
        answer = self._client.post("/api/v1/commands", json={"text": words})
        assert answer.is_success, answer.text
        return str(answer.json()["text"])

    def incident(self) -> dict[str, Any]:
        """Return the incident, {} before there is one."""
        self._client.headers["authorization"] = f"Bearer {self._token()}"
        answer = self._client.get("/api/v1/incidents/INC-1")
        return answer.json()["incident"] if answer.is_success else {}

    def proposal(self) -> str:
        """Return the id of the proposal, "" before there is one."""
        return next(iter(self.incident().get("proposals", {})), "")

    def status(self) -> str:
        """Return how the proposal stands."""
        views = self.incident().get("proposals", {})
        return next((str(view["status"]) for view in views.values()), "")

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(COME_S)

    def _token(self) -> str:
        return self._story.folder.joinpath("triagebot.token").read_text().strip()

    def _post(self, path: str, body: bytes, secret: str) -> None:
        headers = {"authorization": f"Bearer {secret}", "content-type": "application/json"}
        answer = self._client.post(path, content=body, headers=headers)
        assert answer.is_success, answer.text


def environment(folder: Path, port: int) -> dict[str, str]:
    """Return the whole environment of a run on this folder."""
    return {
        **scene.SECRETS,
        "DATABASE_URL": f"sqlite:///{folder}/bot.db",
        "PORT": str(port),
        "TRIAGE_RUNBOOKS": str(folder / "knowledge"),
        "TRIAGE_DEBOUNCE_S": "0",
        "TRIAGE_CLOSE_AFTER_S": "0",
        "TRIAGE_CONSOLE": "0",
    }


@contextmanager
def running(story: Story) -> Generator[Program]:
    """Start the program and wait until it is ready."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Program(story, port) as program:
        until(lambda: program.ready() or program.process.poll() is not None, story)
        assert program.process.poll() is None, story.output()
        yield program


def until(happened: Callable[[], object], story: Story) -> None:
    """Wait until it happened."""
    late = time.monotonic() + COME_S
    while not happened():
        assert time.monotonic() < late, story.output()
        time.sleep(LOOK_S)
