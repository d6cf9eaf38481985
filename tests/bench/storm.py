"""P2 and P8: twenty thousand different alerts of fifty groups at once, and what humans see."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.bench.bodies import GROUPS, Alerts, starts
from tests.bench.children import TICK_S, BenchError, wait_until
from tests.bench.ingest import check_rows
from tests.bench.load import request, send_all
from tests.bench.servers import ALERTMANAGER, HOOK, TOKEN, alertmanager, bot
from tests.bench.table import Line, ratios

ALERTS = 20_000
BATCH = 10
WITHIN_S = 60.0
STORM_RATE = 1.0
TOLD = (
    "SELECT stream FROM event WHERE type = 'ConversationOpened' "
    "AND CAST(body AS TEXT) LIKE '%\"console\"%'"
)


def measure(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """Return the lines; every row must be there, and every group must have its one incident."""
    count = max(GROUPS * BATCH, int(ALERTS * scale) // BATCH * BATCH)
    alerts = Alerts()
    firsts = list(starts(count, BATCH))
    hooks = [request(HOOK, alerts.webhook(n, BATCH), TOKEN) for n in firsts]
    posts = [request("/api/v2/alerts", alerts.api(n, BATCH)) for n in firsts]
    ours = [_bot(home / f"bot-{number}", hooks, count) for number in range(rounds)]
    cards = [float(cards) for _, _, cards in ours]
    rate = [found for found, _, _ in ours]
    cpu = [found for _, found, _ in ours]
    lines = [Line("P8", f"first cards of {count:,} alerts in {GROUPS} groups", cards,
                  limit=float(GROUPS))]  # fmt: skip
    if not ALERTMANAGER:
        return [Line("P2", f"storm of {count:,}: alerts/s", rate), *lines]
    theirs = [_alertmanager(home / f"peer-{number}", posts, count) for number in range(rounds)]
    peer_rate, peer_cpu = [found for found, _ in theirs], [found for _, found in theirs]
    return [
        Line("P2", f"storm of {count:,}: alerts/s by Alertmanager's", ratios(rate, peer_rate),
             limit=STORM_RATE, at_least=True),
        Line("P1", f"storm of {count:,}: CPU by Alertmanager's", ratios(cpu, peer_cpu)),
        *lines,
    ]  # fmt: skip


def _bot(home: Path, hooks: list[bytes], count: int) -> tuple[float, float, int]:
    """Return alerts a second, CPU µs an alert with the incidents opened, and first cards."""
    with bot(home) as child:
        before = child.settled_cpu_s()
        sent = send_all(child.port, hooks)
        used = child.settled_cpu_s() - before
        with closing(sqlite3.connect(f"file:{home / 'bench.db'}?mode=ro", uri=True)) as connection:
            wait_until(
                lambda: len(set(connection.execute(TOLD))) == GROUPS,
                f"not every one of {GROUPS} groups was told of; see {home / 'log'}",
                WITHIN_S,
                every_s=0.1,
            )
            cards = len(connection.execute(TOLD).fetchall())
            (incidents,) = connection.execute("SELECT count(*) FROM incident").fetchone()
    check_rows(home / "bench.db", deliveries=len(hooks), alerts=count)
    if incidents != GROUPS:
        raise BenchError(f"{GROUPS} groups made {incidents} incidents")
    return count / sent.wall_s, used / count * 1e6, cards


def _alertmanager(home: Path, posts: list[bytes], count: int) -> tuple[float, float]:
    with alertmanager(home) as child:
        before = child.settled_cpu_s()
        sent = send_all(child.port, posts)
        used = max(child.settled_cpu_s() - before, TICK_S)
        return count / sent.wall_s, used / count * 1e6
