"""One real `triagebot serve` for a module of attacks, and what good people do in between."""

import hashlib
import hmac
import itertools
import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from pydantic import JsonValue

from bot.web.api_models import IncidentDetail, IncidentPage, ProposalList, ProposalSummary
from tests.dialling import ONE_EACH
from tests.peers import free_port
from tests.story.hostile.knowledge import BEARER, HMAC, PASSWORD, write_knowledge
from tests.story.hostile.target import Target, running_target
from tests.story.running import TRIAGEBOT

READY_WITHIN_S = 60.0
WITHIN_S = 60.0
POLL_S = 0.02
NUMBERS = itertools.count(1)
T = TypeVar("T")

BEARS = {"authorization": f"Bearer {BEARER}"}


@dataclass
class Server:
    """A running bot: how to reach it, what it works on, and where it keeps things."""

    folder: Path
    url: str
    process: "subprocess.Popen[bytes]"
    target: Target
    env: Mapping[str, str]
    http: httpx.Client
    token: str = ""
    good: list[str] = field(default_factory=list[str])

    @property
    def log(self) -> str:
        """What the bot wrote to stdout so far."""
        return self.folder.joinpath("stdout.log").read_text(errors="replace")

    @property
    def console(self) -> str:
        """What the bot wrote to its terminal so far."""
        return self.folder.joinpath("stderr.log").read_text(errors="replace")

    @property
    def operator(self) -> dict[str, str]:
        """What the operator's requests carry."""
        return {"authorization": f"Bearer {self.token}"}

    def hook(self, body: JsonValue | bytes, path: str = "alertmanager/default") -> httpx.Response:
        """Deliver to a bearer door with the right secret."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(f"/hooks/{path}", content=raw, headers=BEARS)

    def signed(self, body: bytes, at: str = "", secret: str = HMAC) -> httpx.Response:
        """Deliver to the signed door."""
        return self.http.post("/hooks/generic_json/signed", content=body,
                              headers=signature(body, at, secret))  # fmt: skip

    def api(self, path: str, body: JsonValue = None) -> httpx.Response:
        """Call the API as the operator: GET without a body, POST with one."""
        if body is None:
            return self.http.get(f"/api/v1/{path}", headers=self.operator)
        return self.http.post(f"/api/v1/{path}", json=body, headers=self.operator)

    def say(self, words: str) -> httpx.Response:
        """Send words of the command grammar."""
        return self.api("commands", {"text": words})

    def events(self, incident: str) -> list[str]:
        """Return the types of an incident's events, oldest first."""
        raw = self.api(f"incidents/{incident}?events=true").raise_for_status().content
        return [event.type for event in IncidentDetail.model_validate_json(raw).events]

    def detail(self, incident: str) -> str:
        """Return everything the API says of an incident."""
        return self.api(f"incidents/{incident}?events=true").raise_for_status().text

    def proposal(self, incident: str, status: str = "pending") -> ProposalSummary:
        """Return the proposal of an incident once it is there and has that status."""

        def look() -> ProposalSummary | None:
            raw = self.api(f"proposals?status={status}&limit=200").raise_for_status().content
            found = ProposalList.model_validate_json(raw).proposals
            return next((one for one in found if one.incident == incident), None)

        return until(f"a {status} proposal of {incident}", look)

    def decide(self, asked: ProposalSummary, verdict: str = "approve") -> httpx.Response:
        """Decide what was shown."""
        body: JsonValue = {"verdict": verdict, "digest": asked.digest[:12], "revision": 1}
        return self.api(f"proposals/{asked.id}/decision", body)

    def titled(self, title: str) -> str:
        """Return the id of the newest incident with exactly this title, "" when there is none."""
        page = IncidentPage.model_validate_json(self.api("incidents?limit=200").content)
        return next((one.id for one in page.incidents if one.title == title), "")

    def broken(self, service: str = "checkout") -> str:
        """Let an alert open an incident for which the runbook proposes the job; return its id."""
        name = f"Broken{next(NUMBERS)}"
        answer = self.hook(alerts({"alertname": name, "service": service, "team": "breaks"}))
        return str(answer.raise_for_status().json()["incidents"][0])

    @contextmanager
    def visit(self) -> Generator[httpx.Client]:
        """Yield a browser's client that is signed in."""
        with browser(self.url) as client:
            form = {"token": self.token}
            answer = client.post("/login", data=form, headers=same_origin(self.url))
            assert answer.status_code == 303, answer.text
            yield client

    def killed_and_started(self) -> None:
        """End the process as an operator's kill -9 would, and start it anew on what it left."""
        self.process.kill()
        self.process.wait()
        self.process = _started(self.folder, self.env)
        until("the bot is ready again", lambda: _is_ready(self), READY_WITHIN_S)

    def run(self, *args: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        """Run another triagebot command with the same settings."""
        return subprocess.run(
            [TRIAGEBOT, *args], cwd=self.folder, env=self.env, input=stdin,
            capture_output=True, check=False, timeout=WITHIN_S,
        )  # fmt: skip

    @contextmanager
    def database(self) -> Generator[sqlite3.Connection]:
        """Open the bot's database behind its back."""
        with closing(sqlite3.connect(self.folder / "hostile.db", timeout=WITHIN_S)) as connection:
            yield connection
            connection.commit()

    def well(self) -> None:
        """Fail unless a good delivery is stored with its incident, and all earlier ones still are.

        Also that the process lives, calls itself ready, and nothing of what it did was a surprise.
        """
        title = f"Good{next(NUMBERS)}"
        answer = self.hook(alerts({"alertname": title}))
        assert answer.status_code == 200, answer.text
        assert answer.json()["incidents"], answer.text
        self.good.append(str(answer.json()["incidents"][0]))
        assert self.titled(title) == self.good[-1]
        with self.database() as connection:
            known = {row[0] for row in connection.execute("SELECT id FROM incident")}
            kept = connection.execute(
                "SELECT count(*) FROM delivery WHERE instr(raw, ?)", (title.encode(),)
            )
            assert kept.fetchone() == (1,)
        assert set(self.good) <= known
        ready = self.http.get("/readyz")
        assert (ready.status_code, ready.json()["state"]) == (200, "ok"), ready.text
        assert self.process.poll() is None
        errors = [line for line in self.log.splitlines() if '"level": "error"' in line]
        awaited = ("the knowledge folder is broken", "SECURITY")
        assert [line for line in errors if not any(word in line for word in awaited)] == []


def alerts(
    labels: dict[str, str], annotations: dict[str, str] | None = None, group: str = ""
) -> JsonValue:
    """Return an Alertmanager message with one firing alert."""
    named: JsonValue = dict(labels)
    noted: JsonValue = dict(annotations or {})
    key = group or f"group-{next(NUMBERS)}"
    alert: JsonValue = {"status": "firing", "labels": named, "annotations": noted,
                        "startsAt": "2026-01-01T00:00:00Z"}  # fmt: skip
    return {"version": "4", "groupKey": key, "status": "firing", "alerts": [alert]}


def signature(body: bytes, at: str = "", secret: str = HMAC) -> dict[str, str]:
    """Return the headers that prove a body to the signed door."""
    at = at or str(int(time.time()))
    signed = hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"x-triage-signature": signed, "x-triage-timestamp": at}


def browser(url: str) -> httpx.Client:
    """Return a client that keeps cookies and follows nothing."""
    return httpx.Client(base_url=url, trust_env=False, timeout=WITHIN_S, limits=ONE_EACH)


def same_origin(url: str) -> dict[str, str]:
    """Return what a browser says of a form of our own page."""
    return {"origin": url, "sec-fetch-site": "same-origin"}


def until(what: str, look: Callable[[], T | None], within_s: float = WITHIN_S) -> T:
    """Return what `look` sees as soon as it is true; fail, saying what was awaited, else."""
    end = time.monotonic() + within_s
    while not (seen := look()):
        if time.monotonic() > end:
            pytest.fail(f"{what}: not within {within_s:.0f} s", pytrace=False)
        time.sleep(POLL_S)
    return seen


@contextmanager
def running_server(
    folder: Path, extra: Mapping[str, str] | None = None, ends: int = 0
) -> Generator[Server]:
    """Start the bot in a new folder, yield it once it is ready, and end it with the block.

    It must have ended with the exit code `ends`.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running_target() as target:
        env = {
            "PATH": os.environ["PATH"],
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "DATABASE_URL": f"sqlite:///{folder / 'hostile.db'}",
            "TRIAGE_RUNBOOKS": str(write_knowledge(folder / "knowledge", target.url)),
            "TRIAGE_HOOK_BEARER": BEARER,
            "TRIAGE_HOOK_HMAC": HMAC,
            "TRIAGE_HOOK_BASIC": f"sender:{PASSWORD}",
            "TRIAGE_DEBOUNCE_S": "0",
            **(extra or {}),
        }
        with browser(url) as http:
            server = Server(folder, url, _started(folder, env), target, env, http)
            try:
                until("the bot is ready", lambda: _is_ready(server), READY_WITHIN_S)
                server.token = folder.joinpath("triagebot.token").read_text().strip()
                yield server
            finally:
                target.gate.set()
                target.works.set()
                server.process.terminate()
                _ended(server.process)
        assert server.process.returncode == ends, server.log[-3000:] + server.console[-3000:]


def _started(folder: Path, env: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    with (
        folder.joinpath("stdout.log").open("ab") as out,
        folder.joinpath("stderr.log").open("ab") as err,
    ):
        return subprocess.Popen([TRIAGEBOT, "serve"], cwd=folder, env=env, stdout=out, stderr=err)


def _is_ready(server: Server) -> bool:
    if server.process.poll() is not None:
        pytest.fail(f"the bot ended:\n{server.log}{server.console}", pytrace=False)
    try:
        return server.http.get("/readyz").is_success
    except httpx.TransportError:
        return False  # not listening yet


def _ended(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
