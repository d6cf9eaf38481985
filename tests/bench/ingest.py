"""P1 and P2: durable ingest beside a real Alertmanager, which keeps alerts in memory only."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.bench.bodies import GROUPS, Alerts, group_of, starts
from tests.bench.children import TICK_S, BenchError, Child
from tests.bench.load import request, send_all
from tests.bench.servers import ALERTMANAGER, HOOK, TOKEN, alertmanager, bot, floor
from tests.bench.table import Line, ratios

BATCHES = (1, 10, 100)
CPU_LIMIT = {1: 1.5, 10: 0.8, 100: 0.5}
RATE_LIMIT = {1: 0.5, 10: 1.0, 100: 1.5}
FLOOR_LIMIT = 8.0
ALERTS = {1: 4_000, 10: 20_000, 100: 40_000}
"""Alerts a measurement, by alerts a request: about a second each."""


@dataclass(frozen=True)
class Cost:
    """What one measurement cost: CPU microseconds and alerts a second."""

    cpu_us: float
    rate: float


Costs = dict[tuple[str, int, str], list[Cost]]


def measure(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """Return the lines; `scale` shrinks the number of alerts."""
    found: Costs = defaultdict(list)
    for number in range(rounds):
        for batch in BATCHES:
            count = max(batch, int(ALERTS[batch] * scale) // batch * batch)
            _round(home / f"{number}-{batch}", batch, count, found)
    return _lines(found)


def _round(home: Path, batch: int, count: int, found: Costs) -> None:
    alerts = Alerts()
    firsts = list(starts(count, batch))
    hooks = [request(HOOK, alerts.webhook(first, batch), TOKEN) for first in firsts]
    again = [request(HOOK, alerts.webhook(first, batch, "b"), TOKEN) for first in firsts]
    opening = [
        request(HOOK, alerts.group(group_of(number), count + number, 1), TOKEN)
        for number in range(GROUPS)
    ]
    if ALERTMANAGER:
        posts = [request("/api/v2/alerts", alerts.api(first, batch)) for first in firsts]
        with alertmanager(home / "alertmanager") as child:
            found["peer", batch, "distinct"].append(_cost(child, posts, count))
            found["peer", batch, "duplicate"].append(_cost(child, posts, count))
    with bot(home / "bot") as child:
        found["bot", batch, "opening"].append(_cost(child, opening, GROUPS))
        found["bot", batch, "distinct"].append(_cost(child, hooks, count))
        found["bot", batch, "duplicate"].append(_cost(child, again, count))
    check_rows(
        home / "bot" / "bench.db", deliveries=GROUPS + 2 * len(firsts), alerts=GROUPS + count
    )
    bare = [request("/hook", alerts.webhook(first, batch)) for first in firsts]
    with floor(home / "floor") as child:
        found["floor", batch, "distinct"].append(_cost(child, bare, count))


def _cost(child: Child, requests: Sequence[bytes], alerts: int) -> Cost:
    before = child.settled_cpu_s()
    sent = send_all(child.port, requests)
    used = max(child.settled_cpu_s() - before, TICK_S)
    return Cost(used / alerts * 1e6, alerts / sent.wall_s)


def check_rows(database: Path, deliveries: int, alerts: int) -> None:
    """Every accepted request and every alert must be on disk: BenchError when one is missing."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (kept,) = connection.execute("SELECT count(*) FROM delivery").fetchone()
        (seen,) = connection.execute("SELECT count(*) FROM alert_seen").fetchone()
        bodies = connection.execute("SELECT body FROM event WHERE type = 'AlertsReceived'")
        told = sum(len(json.loads(body)["alerts"]) for (body,) in bodies)
    if (kept, seen, told) != (deliveries, alerts, alerts):
        raise BenchError(
            f"of {deliveries} deliveries {kept} are stored, and of {alerts} alerts {seen}, "
            f"{told} of them in the log: accepted alerts were lost or doubled"
        )


def _lines(found: Costs) -> list[Line]:
    lines: list[Line] = []
    for batch in BATCHES:
        for kind in ("distinct", "duplicate"):
            ours = found["bot", batch, kind]
            what = f"{batch} {kind} a request"
            cpu = [cost.cpu_us for cost in ours]
            rate = [cost.rate for cost in ours]
            if ALERTMANAGER:
                theirs = found["peer", batch, kind]
                their_cpu = [cost.cpu_us for cost in theirs]
                lines.append(
                    Line("P1", f"{what}: CPU by Alertmanager's", ratios(cpu, their_cpu),
                         limit=CPU_LIMIT[batch], note=_beside(cpu, their_cpu, "µs/alert"))
                )  # fmt: skip
                their_rate = [cost.rate for cost in theirs]
                lines.append(
                    Line("P2", f"{what}: alerts/s by Alertmanager's", ratios(rate, their_rate),
                         limit=RATE_LIMIT[batch], at_least=True,
                         note=_beside(rate, their_rate, "alerts/s"))
                )  # fmt: skip
            else:
                lines.append(Line("P2", f"{what}: alerts/s", rate, "/s"))
        bare = [cost.cpu_us for cost in found["floor", batch, "distinct"]]
        cpu = [cost.cpu_us for cost in found["bot", batch, "distinct"]]
        is_goal = batch <= 10 and not ALERTMANAGER
        lines.append(
            Line("P1", f"{batch} distinct a request: CPU by a bare Starlette's", ratios(cpu, bare),
                 limit=FLOOR_LIMIT if is_goal else None)
        )  # fmt: skip
    opening = [cost.cpu_us / 1000 for batch in BATCHES for cost in found["bot", batch, "opening"]]
    lines.append(Line("", "opening an incident with its cards: CPU", opening, " ms"))
    return lines


def _beside(ours: Sequence[float], theirs: Sequence[float], unit: str) -> str:
    middle = len(ours) // 2
    return f"{sorted(ours)[middle]:,.0f} and {sorted(theirs)[middle]:,.0f} {unit}"
