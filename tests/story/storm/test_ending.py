"""SIGTERM under load, and tools that hang, against a real process."""

import signal
import threading
from collections import Counter
from pathlib import Path

import httpx

from tests.story.hostile.serving import BEARS, Server, alerts, browser, running_server, until

WITHIN_S = 25


def acting(server: Server) -> str:
    """Have an approved action hang in the middle of its call; return its incident."""
    incident = server.broken()
    asked = server.proposal(incident)
    server.target.works.clear()
    assert server.decide(asked).status_code == 200
    until("the action is called", lambda: bool(server.target.runs), 60)
    return incident


def is_stopping(server: Server) -> bool:
    try:
        return "stopping" in server.http.get("/readyz").text
    except httpx.TransportError:
        return True  # it listens no more


class Load:
    """Sends alerts one after the other until the bot takes none; keeps what was acknowledged."""

    def __init__(self, server: Server) -> None:
        self.acknowledged: list[str] = []
        self._url = server.url
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        with browser(self._url) as client:
            number = 0
            while not self._over.is_set():
                number += 1
                body = alerts({"alertname": f"Load{number}"}, group=f"load-{number % 20}")
                try:
                    answer = client.post("/hooks/alertmanager/default", json=body, headers=BEARS)
                except httpx.TransportError:
                    continue  # refused, or cut off: not acknowledged
                if answer.is_success:
                    self.acknowledged.append(f"Load{number}")

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def test_g02_sigterm_under_load_awaits_the_running_action_and_loses_nothing(
    tmp_path: Path,
) -> None:
    with running_server(tmp_path) as server:
        incident = acting(server)
        load = Load(server)
        try:
            until("some load was taken", lambda: len(load.acknowledged) > 20, 60)
            server.process.send_signal(signal.SIGTERM)
            until("it is stopping", lambda: is_stopping(server), 60)
            assert server.process.poll() is None
            server.target.works.set()
            assert server.process.wait(WITHIN_S) == 0
        finally:
            load.stop()
        with server.database() as connection:
            types = Counter(
                str(row[0])
                for row in connection.execute(
                    "SELECT type FROM event WHERE stream = ?", (incident,)
                )
            )
            raw = b"".join(row[0] for row in connection.execute("SELECT raw FROM delivery"))
        assert (types["ActionStarted"], types["ActionFinished"]) == (1, 1)
        assert types["ActionUnknown"] == 0
        assert len(server.target.runs) == 1
        lost = [one for one in load.acknowledged if f'"{one}"'.encode() not in raw]
        assert lost == []


def test_g02_a_second_sigterm_ends_it_at_once(tmp_path: Path) -> None:
    with running_server(tmp_path, ends=128 + signal.SIGTERM) as server:
        acting(server)
        server.process.send_signal(signal.SIGTERM)
        until("it is stopping", lambda: is_stopping(server), 60)
        assert server.process.poll() is None
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(WITHIN_S) == 128 + signal.SIGTERM
        assert not server.target.works.is_set()


def test_a_hanging_tool_leaves_the_acknowledgement_of_alerts_as_it_is(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        server.target.works.clear()
        hanging = server.broken()
        until("it is looked at", lambda: "StepChosen" in server.events(hanging), 60)
        for number in range(30):
            answer = server.hook(alerts({"alertname": f"Meanwhile{number}"}))
            assert answer.status_code == 200, answer.text
        assert "ToolReturned" not in server.events(hanging)
        assert not server.target.works.is_set()
        server.target.works.set()
        server.proposal(hanging)
