"""A triagebot process among real peers: an exporter, Prometheus, Alertmanager; all on loopback."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bot.web.api_models import IncidentDetail, IncidentPage, ProposalList, ProposalSummary
from tests.peers import alertmanager, free_port, prometheus
from tests.story.knowledge import RULES, SERVICES, alertmanager_config, write_knowledge

HOOK_SECRET = "story-hook-secret"
TRIAGEBOT = Path(sys.executable).with_name("triagebot")
READY_WITHIN_S = 60.0
POLL_S = 0.04
T = TypeVar("T")


class Silence(BaseModel):
    """What the story reads of an Alertmanager silence."""

    model_config = ConfigDict(extra="ignore")

    status: dict[str, str]
    created_by: str = Field(alias="createdBy")
    comment: str
    matchers: list[dict[str, str | bool]]

    @property
    def named(self) -> dict[str, str | bool]:
        return {str(one["name"]): one["value"] for one in self.matchers}


SILENCES = TypeAdapter(list[Silence])


@dataclass(frozen=True, slots=True)
class World:
    """Where everything is, and how to make a service fail."""

    url: str
    token: str
    alertmanager: str
    ratios: dict[str, float]

    def fail(self, service: str, ratio: float = 0.31) -> None:
        """Let a service answer this share of its requests with errors from now on; 0 mends it."""
        self.ratios[service] = ratio

    def incident(self, service: str) -> str:
        """Return the id of the newest incident of a service, "" when there is none."""
        page = IncidentPage.model_validate_json(self._api(f"incidents?service={service}"))
        return page.incidents[0].id if page.incidents else ""

    def titled(self, title: str) -> str:
        """Return the id of the newest incident with exactly this title, "" when there is none."""
        page = IncidentPage.model_validate_json(self._api("incidents"))
        return next((one.id for one in page.incidents if one.title == title), "")

    def status(self, incident: str) -> str:
        """Return open, resolved or closed."""
        detail = IncidentDetail.model_validate_json(self._api(f"incidents/{incident}"))
        return str(detail.incident["status"])

    def events(self, incident: str) -> list[str]:
        """Return the types of an incident's events, oldest first."""
        raw = self._api(f"incidents/{incident}?events=true")
        return [event.type for event in IncidentDetail.model_validate_json(raw).events]

    def pending(self, service: str) -> ProposalSummary | None:
        """Return the proposal of a service that waits for a decision."""
        found = ProposalList.model_validate_json(self._api("proposals?status=pending"))
        return next((one for one in found.proposals if one.service == service), None)

    def approve(self, service: str) -> None:
        """Approve what waits for a service, over HTTP."""
        waiting = self.pending(service)
        assert waiting is not None
        verdict = {"verdict": "approve", "digest": waiting.digest, "revision": waiting.revision}
        url = f"{self.url}/api/v1/proposals/{waiting.id}/decision"
        httpx.post(
            url, json=verdict, headers=self._bearer, trust_env=False, timeout=READY_WITHIN_S
        ).raise_for_status()

    def silences(self, service: str) -> list[Silence]:
        """Return the silences that Alertmanager holds about a service."""
        answer = httpx.get(
            f"{self.alertmanager}/api/v2/silences", trust_env=False, timeout=READY_WITHIN_S
        )
        found = SILENCES.validate_json(answer.raise_for_status().content)
        return [one for one in found if one.named["service"] == service]

    def post_alert(self, labels: dict[str, str], annotations: dict[str, str]) -> None:
        """Give Alertmanager an alert as another sender would; it fires for five minutes."""
        body = [{"labels": labels, "annotations": annotations}]
        answer = httpx.post(
            f"{self.alertmanager}/api/v2/alerts", json=body, trust_env=False, timeout=READY_WITHIN_S
        )
        answer.raise_for_status()

    @property
    def _bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    def _api(self, path: str) -> bytes:
        answer = httpx.get(
            f"{self.url}/api/v1/{path}",
            headers=self._bearer,
            trust_env=False,
            timeout=READY_WITHIN_S,
        )
        return answer.raise_for_status().content


async def until(what: str, look: Callable[[], T | None], within_s: float = READY_WITHIN_S) -> T:
    """Return what `look` sees as soon as it is true; fail, saying what was awaited, else."""
    end = time.monotonic() + within_s
    while not (seen := look()):
        if time.monotonic() > end:
            pytest.fail(f"{what}: not within {within_s:.0f} s", pytrace=False)
        await asyncio.sleep(POLL_S)
    return seen


@contextmanager
def running_world(tmp: Path) -> Generator[World]:
    """Start everything, wait until it answers, and end it with the block."""
    ratios: dict[str, float] = dict.fromkeys(SERVICES, 0.0)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config = alertmanager_config(url, HOOK_SECRET)
    with (
        _exporter(ratios) as target,
        alertmanager(tmp, config) as alerts,
        prometheus(tmp, [target], RULES, alerts) as metrics,
        _bot(tmp, port, {"PROMETHEUS_URL": metrics, "ALERTMANAGER_URL": alerts}),
    ):
        yield World(url, tmp.joinpath("operator.token").read_text().strip(), alerts, ratios)


@contextmanager
def _exporter(ratios: dict[str, float]) -> Generator[str]:
    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            lines = [f'shop_error_ratio{{service="{name}"}} {ratios[name]}' for name in ratios]
            self.send_response(200)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(("\n".join(lines) + "\n").encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def _bot(tmp: Path, port: int, peers: dict[str, str]) -> Generator[None]:
    env = {
        "PATH": os.environ["PATH"],
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATABASE_URL": f"sqlite:///{tmp / 'story.db'}",
        "TRIAGE_RUNBOOKS": str(write_knowledge(tmp / "knowledge")),
        "TRIAGE_OPERATOR_TOKEN_FILE": str(tmp / "operator.token"),
        "TRIAGE_HOOK_ALERTMANAGER": HOOK_SECRET,
        "TRIAGE_CLOSE_AFTER_S": "1",
        **peers,
    }
    log = tmp / "bot.log"
    with log.open("wb") as out:
        process = subprocess.Popen([TRIAGEBOT, "serve"], cwd=tmp, env=env, stdout=out, stderr=out)
    try:
        _wait_until_ready(process, f"http://127.0.0.1:{port}/readyz", log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(READY_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert process.returncode == 0, log.read_text(errors="replace")[-2000:]


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(url, trust_env=False, timeout=READY_WITHIN_S).is_success:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(POLL_S)
    tail = log.read_text(errors="replace")[-2000:]
    pytest.fail(f"triagebot did not become ready:\n{tail}", pytrace=False)
