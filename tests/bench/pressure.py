"""P5 and P6: how long an answer takes at half of what the bot can do, and what it does beyond."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.request import Request, urlopen

from tests.bench.bodies import Alerts
from tests.bench.children import BenchError, Child
from tests.bench.load import Sent, offer, request, send_all
from tests.bench.servers import ALERTMANAGER, HOOK, TOKEN, alertmanager, bot
from tests.bench.table import Line, percentile, ratios

BATCH = 10
PROBE = 800
"""Requests by which the most it can do is found."""
HALF_S = 3.0
BEYOND_S = 4.0
CROWD = 512
"""Connections that offer too much: each waits for its answer, as senders do."""
QUEUE_MAX = 200
"""A queue shorter than the crowd, so that it is full when too much comes."""
SERVER_P99_MS = 30.0
CLIENT_RATIO = 1.25
OVERLOAD_P99_S = 1.0
OVERLOAD_MB = 50.0
_BUCKET = re.compile(
    r'triage_webhook_duration_seconds_bucket\{code="200",le="([^"]+)",source="alertmanager"\} (\S+)'
)


def half(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """P5: the lines at half load."""
    ours = [_half_bot(home / f"bot-{n}", scale) for n in range(rounds)]
    lines = [
        Line("P5", "ack at half of its most, its own clock: p99", [server for server, _ in ours],
             " ms", limit=SERVER_P99_MS)
    ]  # fmt: skip
    if ALERTMANAGER:
        theirs = [_half_alertmanager(home / f"peer-{n}", scale) for n in range(rounds)]
        found = ratios([client for _, client in ours], theirs)
        lines.append(
            Line("P5", "the same, client's clock: p99 by Alertmanager's", found, limit=CLIENT_RATIO)
        )
    return lines


def _half_bot(home: Path, scale: float) -> tuple[float, float]:
    with bot(home) as child:
        alerts = Alerts()
        sent = _at_half(child, lambda n: request(HOOK, alerts.webhook(n, BATCH), TOKEN), scale)
        return _p99_s(home, child) * 1000, percentile(sent.latencies_s, 0.99) * 1000


def _half_alertmanager(home: Path, scale: float) -> float:
    with alertmanager(home) as child:
        alerts = Alerts()
        sent = _at_half(child, lambda n: request("/api/v2/alerts", alerts.api(n, BATCH)), scale)
        return percentile(sent.latencies_s, 0.99) * 1000


def _at_half(child: Child, make: Callable[[int], bytes], scale: float) -> Sent:
    """Find the most it can do, then offer half of that at even times."""
    most = _most(child, make, scale)
    count = max(10, int(most / 2 * HALF_S * scale))
    first = PROBE * BATCH
    requests = [make(first + n * BATCH) for n in range(count)]
    return send_all(child.port, requests, rate=most / 2)


def _most(child: Child, make: Callable[[int], bytes], scale: float) -> float:
    """Requests a second, each following the other on each connection."""
    count = max(40, int(PROBE * scale))
    return count / send_all(child.port, [make(n * BATCH) for n in range(count)]).wall_s


def beyond(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """P6: the lines of twice the most it can do."""
    found = [_beyond(home / str(number), scale) for number in range(rounds)]
    p99, grown, shares = (list(each) for each in zip(*found, strict=True))
    return [
        Line("P6", "twice its most, accepted, its own clock: p99", p99, " s", limit=OVERLOAD_P99_S),
        Line("P6", "twice its most: RSS grew by", grown, " MB", limit=OVERLOAD_MB),
        Line("P6", "twice its most: turned away with Retry-After", shares, " %"),
    ]


def _beyond(home: Path, scale: float) -> tuple[float, float, float]:
    alerts = Alerts()

    def make(n: int) -> bytes:
        return request(HOOK, alerts.webhook(n, BATCH), TOKEN)

    with bot(home, {"TRIAGE_QUEUE_MAX": str(QUEUE_MAX)}) as child:
        most = _most(child, make, scale)
        before = child.rss_mb()
        first = PROBE * BATCH
        count = max(2 * CROWD, int(2 * most * BEYOND_S * scale))
        requests = [make(first + n * BATCH) for n in range(count)]
        sent = offer(child.port, requests, CROWD, rate=2 * most)
        grown = child.peak_mb() - before
        refused = sent.statuses.get(503, 0)
        if sent.unmannered or len(sent.accepted) + refused != count:
            raise BenchError(
                f"{count} requests were answered so: {sent.statuses}; "
                f"{sent.unmannered} refusals said nothing of when to come again"
            )
        return _p99_s(home, child), grown, 100 * refused / count


def _p99_s(home: Path, child: Child) -> float:
    """The 99th percentile of accepted webhooks, from the bot's histogram, between its bounds."""
    token = home.joinpath("triagebot.token").read_text().strip()
    asked = Request(f"{child.url}/metrics", headers={"authorization": f"Bearer {token}"})  # noqa: S310 - loopback
    with urlopen(asked, timeout=10) as answer:  # noqa: S310 - loopback
        text = answer.read().decode()
    bounds = [(float(bound), float(count)) for bound, count in _BUCKET.findall(text)]
    wanted, low, below = 0.99 * bounds[-1][1], 0.0, 0.0
    for bound, count in bounds:
        if count >= wanted:
            high = bound if bound != float("inf") else 2 * low
            return low + (high - low) * (wanted - below) / max(count - below, 1.0)
        low, below = bound, count
    raise BenchError("the bot has no histogram of its webhooks")
