"""A bot is backed up while alerts pour in, killed, restored, and comes back paused and whole."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from bot.app.clock import SystemClock
from bot.app.key import public_keys
from bot.app.verifying import Against, verify_lines
from bot.settings import Settings
from bot.store.store import Store
from tests.dialling import ONE_EACH
from tests.peers import free_port
from tests.story.running import TRIAGEBOT

SECRET = "story-hook-secret"
WITHIN_S = 90.0
STARTS_AT = "2031-05-04T10:00:00Z"


class Pouring:
    """Somebody who sends one alert after the other, and remembers which were acknowledged."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._pour)
        self.acknowledged: list[int] = []

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _pour(self) -> None:
        headers = {"authorization": f"Bearer {SECRET}", "content-type": "application/json"}
        with httpx.Client(
            headers=headers, timeout=WITHIN_S, trust_env=False, limits=ONE_EACH
        ) as client:
            number = 0
            while not self._stop.is_set():
                number += 1
                try:
                    answer = client.post(self._url, content=body(number))
                except httpx.TransportError:
                    continue  # it was killed
                if answer.is_success:
                    self.acknowledged.append(number)


def body(number: int) -> bytes:
    name = f"Load{number}."
    alert = {
        "status": "firing",
        "labels": {"alertname": name, "severity": "warning"},
        "annotations": {},
        "startsAt": STARTS_AT,
        "fingerprint": f"{number:016x}",
    }
    whole = {"version": "4", "groupKey": name, "status": "firing", "alerts": [alert]}
    return json.dumps(whole).encode()


def wait_until(happened: Callable[[], object]) -> None:
    late = time.monotonic() + WITHIN_S
    while not happened():
        assert time.monotonic() < late
        time.sleep(0.05)


def environment(folder: Path, port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": f"sqlite:///{folder}/bot.db",
        "PORT": str(port),
        "TRIAGE_HOOK_ALERTMANAGER": SECRET,
        "TRIAGE_CONSOLE": "0",
        "TRIAGE_CHECKPOINTS": str(folder / "checkpoints.jsonl"),
    }


def serve(folder: Path, port: int) -> subprocess.Popen[bytes]:
    with folder.joinpath("output").open("ab") as out:
        return subprocess.Popen(
            [TRIAGEBOT, "serve"], cwd=folder, env=environment(folder, port), stdout=out, stderr=out
        )


def ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", trust_env=False, timeout=WITHIN_S).is_success
    except httpx.TransportError:
        return False


def triagebot(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [TRIAGEBOT, *words], cwd=folder, env=environment(folder, 0), capture_output=True,
        text=True, timeout=WITHIN_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def resumed_and_stopped(folder: Path, port: int) -> None:
    url = f"http://127.0.0.1:{port}"
    process = serve(folder, port)
    try:
        wait_until(lambda: ready(url))
        token = folder.joinpath("triagebot.token").read_text().strip()
        checks = httpx.get(f"{url}/readyz", trust_env=False, timeout=WITHIN_S).json()["checks"]
        assert checks["switch"] == {"ok": False, "text": "the bot is paused by bot:restore"}
        assert checks["checkpoints"]["ok"]
        resumed = httpx.post(
            f"{url}/api/v1/commands",
            json={"text": "resume"},
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=WITHIN_S,
        )
        assert resumed.is_success, resumed.text
        process.terminate()
        assert process.wait(WITHIN_S) == 0
    finally:
        process.kill()
        process.wait()


def backed_up_and_killed(folder: Path, port: int) -> list[int]:
    """Return what was acknowledged before the backup began."""
    url = f"http://127.0.0.1:{port}"
    process = serve(folder, port)
    pouring = Pouring(f"{url}/hooks/alertmanager/default")
    try:
        wait_until(lambda: ready(url))
        pouring.start()
        wait_until(lambda: len(pouring.acknowledged) >= 30)
        before = list(pouring.acknowledged)
        assert "written and verified" in triagebot(folder, "backup", "first.bak")
        sent = len(pouring.acknowledged)
        wait_until(lambda: len(pouring.acknowledged) > sent)
        assert sent > len(before), "alerts were taken while the backup was written"
    finally:
        process.kill()
        process.wait()
        if pouring.acknowledged:
            pouring.stop()
    return before


@pytest.mark.timeout(400)  # four processes start, and each waits for a slow machine
async def test_g06_what_was_acknowledged_before_a_backup_is_there_after_a_kill_and_a_restore(
    tmp_path: Path,
) -> None:
    port = free_port()
    before = backed_up_and_killed(tmp_path, port)
    said = triagebot(tmp_path, "restore", "first.bak", "--replace")
    assert "start PAUSED" in said
    resumed_and_stopped(tmp_path, port)
    database = f"sqlite:///{tmp_path}/bot.db"
    async with Store.open(database, SystemClock(), read_only=True) as store:
        lines, sound = await verify_lines(
            store,
            Against(
                tmp_path / "checkpoints.jsonl",
                public_keys(Settings(signing_key_file=tmp_path / "triagebot.key")),
            ),
        )
        assert sound, lines
        rows = await store.database.ask(
            lambda connection: list(connection.scalars(text("SELECT raw FROM delivery")))
        )
    kept = b" ".join(rows)
    assert [number for number in before if b"Load%d." % number not in kept] == []
