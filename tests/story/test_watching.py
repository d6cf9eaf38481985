"""D-09: a real bot says that a source fell silent, and takes it back at the next word."""

import re
import time
from pathlib import Path

import pytest

from tests.story.hostile.knowledge import FILES
from tests.story.hostile.serving import BEARS, Server, alerts, running_server, until

SILENT = "No word from heartbeat/cron"
WITHIN_S = 90.0
HEARTBEAT = """
heartbeats:
  - {route: cron, auth: bearer, secrets: [TRIAGE_HOOK_BEARER], silent_after_s: 2}
"""


def status(server: Server, title: str) -> str:
    """Return the status of the newest incident with this title, "" when there is none."""
    found = server.titled(title)
    return str(server.api(f"incidents/{found}").json()["incident"]["status"]) if found else ""


def test_d09_a_silent_heartbeat_and_an_oversize_delivery_open_incidents_about_the_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FILES, "hooks.yaml", FILES["hooks.yaml"] + HEARTBEAT)
    with running_server(tmp_path) as server:
        until("silence", lambda: status(server, SILENT) == "open", WITHIN_S)
        incident = server.titled(SILENT)

        def heard() -> bool:
            assert server.hook(b"", "heartbeat/cron").status_code == 200
            time.sleep(0.2)
            return status(server, SILENT) in {"resolved", "closed"}

        until("the word is heard", heard, WITHIN_S)
        types = server.events(incident)
        assert types[:2] == ["IncidentOpened", "AlertsReceived"]
        assert "IncidentResolved" in types
        huge = b" " * (5 * 1024 * 1024 + 1)
        assert server.hook(huge).status_code == 413
        large = "Deliveries are too large for alertmanager/default"
        until("oversize", lambda: status(server, large) == "open", WITHIN_S)
        assert server.hook(alerts({"alertname": "Ordinary"})).status_code == 200
        shown = server.http.get("/metrics", headers=BEARS).text
        for name in ("triage_process_start_time_seconds", "triage_last_look_timestamp_seconds"):
            assert re.search(rf"^{name} ", shown, re.MULTILINE), name
        counted = (
            'triage_webhooks_total{outcome="oversize",route="default",source="alertmanager"} 1.0'
        )
        assert counted in shown
