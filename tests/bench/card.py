"""P7: from a webhook to the first card, beside Alertmanager's own way from alert to webhook."""

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from tests.bench.bodies import Alerts
from tests.bench.children import wait_until
from tests.bench.load import request, send_all
from tests.bench.servers import ALERTMANAGER, HOOK, TOKEN, alertmanager, bot
from tests.bench.table import Line, percentile, ratios
from tests.bench.target import target

RATE = 50.0
INCIDENTS = 150
LIMIT_P50_MS = 20.0
LIMIT_P99_MS = 150.0
WITHIN_S = 60.0
TOLD = """
SELECT d.received_at, min(e.at) FROM delivery AS d JOIN event AS e ON e.stream = d.incidents
WHERE e.type = 'ConversationOpened' AND CAST(e.body AS TEXT) LIKE '%"console"%' GROUP BY d.id
"""
AT_ONCE = """
route: {{receiver: bench, group_by: [alertname], group_wait: 0s, group_interval: 1s}}
receivers: [{{name: bench, webhook_configs: [{{url: "{url}"}}]}}]
"""


def measure(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """Return the lines; each request opens an incident of its own."""
    count = max(3, int(INCIDENTS * scale))
    ours = [_bot(home / f"bot-{number}", count) for number in range(rounds)]
    p50 = [percentile(values, 0.5) for values in ours]
    p99 = [percentile(values, 0.99) for values in ours]
    lines = [
        Line("P7", "webhook to first card, 50/s: p50", p50, " ms", limit=LIMIT_P50_MS),
        Line("P7", "webhook to first card, 50/s: p99", p99, " ms", limit=LIMIT_P99_MS),
    ]
    if ALERTMANAGER:
        theirs = [_alertmanager(home / f"peer-{number}", count) for number in range(rounds)]
        peer = [percentile(values, 0.5) for values in theirs]
        tail = [percentile(values, 0.99) for values in theirs]
        lines += [
            Line("P7", "Alertmanager, group_wait 0s, alert to webhook: p50", peer, " ms"),
            Line("P7", "Alertmanager, group_wait 0s, alert to webhook: p99", tail, " ms"),
            Line("P7", "first card by Alertmanager's webhook: p50", ratios(p50, peer)),
        ]
    return lines


def _bot(home: Path, count: int) -> list[float]:
    """Milliseconds from a delivery's receipt to the record that its card stands, each."""
    alerts = Alerts()
    requests = [request(HOOK, alerts.group(f"Parcel{n}", n, 1), TOKEN) for n in range(count)]
    with bot(home) as child:
        send_all(child.port, requests, rate=RATE)
        with closing(sqlite3.connect(f"file:{home / 'bench.db'}?mode=ro", uri=True)) as connection:
            wait_until(
                lambda: len(connection.execute(TOLD).fetchall()) == count,
                f"not every one of {count} incidents was told on the console; see {home / 'log'}",
                WITHIN_S,
                every_s=0.1,
            )
            rows = connection.execute(TOLD).fetchall()
    moments = [(datetime.fromisoformat(came), datetime.fromisoformat(told)) for came, told in rows]
    return [(told - came).total_seconds() * 1000 for came, told in moments]


def _alertmanager(home: Path, count: int) -> list[float]:
    """Milliseconds from an alert's answer being due to its webhook's arrival, each."""
    alerts = Alerts()
    bodies = [json.loads(alerts.api(n, 1)) for n in range(count)]
    for number, body in enumerate(bodies):
        body[0]["labels"]["alertname"] = f"Parcel{number}"
    requests = [request("/api/v2/alerts", json.dumps(body).encode()) for body in bodies]
    with target() as receiver, alertmanager(home, AT_ONCE.format(url=receiver.url)) as child:
        sent = send_all(child.port, requests, rate=RATE)
        receiver.wait(count)
    came = {
        json.loads(body)["groupLabels"]["alertname"]: at for at, body in reversed(receiver.arrived)
    }
    return [(came[f"Parcel{n}"] - sent.began - n / RATE) * 1000 for n in range(count)]
