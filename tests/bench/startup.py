"""P13 and P14: what a start costs, and what the running bot holds in memory."""

from pathlib import Path

from tests.bench.bodies import Alerts, starts
from tests.bench.children import run_cpu_s
from tests.bench.load import request, send_all
from tests.bench.servers import ALERTMANAGER, HOOK, PATH, SCRIPTS, TOKEN, alertmanager, bot
from tests.bench.table import Line

ALERTS = 100_000
BATCH = 100
LISTENING_LIMIT_S = 1.0
VERSION_LIMIT_S = 0.45
IDLE_LIMIT_MB = 120.0
GROWTH_LIMIT_MB = 20.0


def start(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """P13: the lines of starting; `scale` changes nothing."""
    version = [str(SCRIPTS / "triagebot"), "--version"]
    short = [run_cpu_s(version, {"PATH": PATH}) for _ in range(rounds)]
    listening: list[float] = []
    for number in range(rounds):
        with bot(home / str(number)) as child:
            listening.append(child.cpu_s())
    return [
        Line("P13", "triagebot --version: CPU", short, " s", limit=VERSION_LIMIT_S),
        Line("P13", "triagebot serve, until it answers: CPU", listening, " s",
             limit=LISTENING_LIMIT_S),
    ]  # fmt: skip


def memory(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """P14: the lines of memory; measured once, for it takes long and varies little."""
    count = max(BATCH, int(ALERTS * scale) // BATCH * BATCH)
    alerts = Alerts()
    with bot(home / "bot") as child:
        child.settled_cpu_s()
        idle = child.rss_mb()
        hooks = [request(HOOK, alerts.webhook(n, BATCH), TOKEN) for n in starts(count, BATCH)]
        send_all(child.port, hooks)
        child.settled_cpu_s()
        full = child.rss_mb()
    lines = [
        Line("P14", "idle: RSS", [idle], " MB", limit=IDLE_LIMIT_MB),
        Line("P14", f"after {count:,} stored alerts: RSS grew by", [full - idle], " MB",
             limit=GROWTH_LIMIT_MB),
    ]  # fmt: skip
    if ALERTMANAGER:
        with alertmanager(home / "alertmanager") as child:
            before = child.rss_mb()
            paths = (alerts.api(n, BATCH) for n in starts(count, BATCH))
            send_all(child.port, [request("/api/v2/alerts", body) for body in paths])
            child.settled_cpu_s()
            grown = child.rss_mb() - before
        lines.append(Line("P14", "the same in Alertmanager: RSS grew by", [grown], " MB"))
    return lines
