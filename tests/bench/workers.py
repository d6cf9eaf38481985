"""M2: two workers by one on PostgreSQL, where what takes long is the answer of a read tool."""

import re
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.request import Request, urlopen

import psycopg
import yaml

from tests.bench.bodies import Alerts, about
from tests.bench.children import BenchError, Child, wait_until
from tests.bench.load import request, send_all
from tests.bench.servers import HOOK, TOKEN, WEB, WORKER, bot
from tests.bench.table import Line, percentile, ratios
from tests.bench.target import target
from tests.databases import DURABLE, Server, running_server

INCIDENTS = 60
STEPS = 4
ANSWER_S = 0.2
PLACES = 2
"""Investigations a worker has at once: so few that places are short, and not cores."""
WITHIN_S = 180.0
FASTER = 1.7
FAIR = 0.4
OPERATOR = "a-token-that-all-processes-share"
CONCLUDED = "SELECT count(*) FROM incident WHERE conclusion <> ''"
_LOOKS = re.compile(r'triage_tool_calls_total\{[^}]*tool="http_probe"[^}]*\} (\S+)')


def measure(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """Return the lines; each incident is of a service of its own and looks `STEPS` times."""
    count = max(2 * PLACES, int(INCIDENTS * scale))
    alone: list[float] = []
    both: list[float] = []
    cpu: list[float] = []
    shares: list[float] = []
    with running_server(DURABLE) as server:
        for number in range(rounds):
            one, two, looks, used = _round(home / str(number), server, count)
            alone.append(one)
            both.append(two)
            cpu.append(used / count * 1000)
            shares.append(min(looks) / sum(looks))
    ideal = count * STEPS * ANSWER_S / PLACES
    note = f"{percentile(alone, 0.5):.1f} and {percentile(both, 0.5):.1f} s; ideal {ideal:.1f} s"
    return [
        Line("M2", f"{count} incidents, {STEPS} looks of {ANSWER_S} s: two workers by one",
             ratios(alone, both), limit=FASTER, at_least=True, note=note),
        Line("M2", "share of the worker that looked less", shares, limit=FAIR, at_least=True,
             note=f"{PLACES} investigations each at once"),
        Line("M2", "both workers: CPU an incident", cpu, " ms"),
    ]  # fmt: skip


def _round(home: Path, server: Server, count: int) -> tuple[float, float, list[float], float]:
    """Return the seconds that one worker takes, and two; how often each of the two looked.

    The last is the CPU seconds of the two.
    """
    database = server.migrated()
    settings = {
        "DATABASE_URL": server.url(database),
        "TRIAGE_OPERATOR_TOKEN": OPERATOR,
        "TRIAGE_SIGNING_KEY": "5e" * 32,
        "TRIAGE_DEBOUNCE_S": "0",
        "TRIAGE_INVESTIGATIONS": str(PLACES),
        "TRIAGE_CONSOLE": "0",
    }
    with ExitStack() as stack:
        files = _knowledge(stack.enter_context(target(ANSWER_S)).url, 2 * (count + PLACES))
        web = stack.enter_context(bot(home / "web", settings, files, WEB))
        connection = stack.enter_context(psycopg.connect(server.conninfo(database)))
        connection.autocommit = True
        hands: list[Child] = []
        spent: list[float] = []
        looks: list[float] = []
        used = 0.0
        first = 0
        for number in range(2):
            hands.append(stack.enter_context(bot(home / f"{number}", settings, files, WORKER)))
            _conclude(web, connection, first, PLACES)  # whoever has just started is slower once
            hands[-1].settled_cpu_s()
            before = [_looks(hand) for hand in hands]
            used_before = sum(hand.cpu_s() for hand in hands)
            spent.append(_conclude(web, connection, first + PLACES, count))
            used = sum(hand.cpu_s() for hand in hands) - used_before
            looks = [_looks(hand) - had for hand, had in zip(hands, before, strict=True)]
            if sum(looks) != count * STEPS:
                raise BenchError(f"{count} incidents were looked at {looks} times, by worker")
            first += PLACES + count
    server.drop(database)
    return spent[0], spent[1], looks, used


def _conclude(web: Child, connection: psycopg.Connection, first: int, count: int) -> float:
    """Return the seconds until the incidents `first` and following are concluded."""
    alerts = Alerts()
    numbers = range(first, first + count)
    bodies = [about(f"parcels-{n}", alerts.group(f"Parcel{n}", n, 1)) for n in numbers]
    began = time.perf_counter()
    send_all(web.port, [request(HOOK, body, TOKEN) for body in bodies])

    def all_concluded() -> bool:
        row = connection.execute(CONCLUDED).fetchone()
        return row is not None and row[0] == first + count

    wait_until(all_concluded, f"not every one of {count} was concluded", WITHIN_S, every_s=0.02)
    return time.perf_counter() - began


def _looks(hand: Child) -> float:
    """Return how many read tools this worker called."""
    asked = Request(f"{hand.url}/metrics", headers={"authorization": f"Bearer {OPERATOR}"})  # noqa: S310 - loopback
    with urlopen(asked, timeout=10) as answer:  # noqa: S310 - loopback
        return sum(float(count) for count in _LOOKS.findall(answer.read().decode()))


def _knowledge(url: str, count: int) -> dict[str, object]:
    """Return a runbook whose looks follow each other, and the services it looks at."""
    looks: list[Mapping[str, object]] = [
        {
            "id": f"look{n}",
            "tool": "http_probe",
            "args": {"service": "${service}", "probe": f"state{n}"},
            **({"when": {"fact": f"look{n - 1}.healthy", "op": "exists"}} if n else {}),
        }
        for n in range(STEPS)
    ]
    proven = {"fact": f"look{STEPS - 1}.healthy", "op": "eq", "value": False}
    front = {
        "title": "Queue grows",
        "match": ['severity="warning"'],
        "diagnose": looks,
        "outcomes": [{"name": "it grows", "when": proven, "conclude": "The queue grows."}],
    }
    services = [
        {
            "name": f"parcels-{n}",
            "owner": "harbour",
            "environment": "bench",
            "probes": {f"state{step}": f"{url}/{n}/{step}" for step in range(STEPS)},
        }
        for n in range(count)
    ]
    return {
        "queue.md": f"---\n{yaml.safe_dump(front)}---\n# Queue grows\n",
        "services.yaml": {"services": services},
    }
