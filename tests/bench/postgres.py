"""P17: the way in on PostgreSQL beside SQLite: one process by one, two `web` by one, duplicates."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg

from tests.bench.bodies import GROUPS, Alerts, group_of, starts
from tests.bench.children import BenchError, Child
from tests.bench.load import CONNECTIONS, request, send_all
from tests.bench.servers import HOOK, TOKEN, WEB, bot
from tests.bench.table import Line, percentile, ratios
from tests.databases import DURABLE, Server, running_server

BATCH = 10
ALERTS = 20_000
DUPLICATES = 100_000
KNOWN = 1_000
"""So few alerts are said so often that every transaction meets the rows of others."""
OPENING = 1_000_000
"""The number of the alert that opens the first group."""
BY_SQLITE = 0.5
BY_ONE = 1.3
OPERATOR = "a-token-that-all-processes-share"
TOLD = "SELECT sum(alerts) FROM incident"
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = %s"


def measure(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """Return the lines; the server keeps what it was told on disk (fsync on)."""
    count = max(GROUPS * BATCH, int(ALERTS * scale) // BATCH * BATCH)
    duplicates = max(KNOWN, int(DUPLICATES * scale) // BATCH * BATCH)
    file: list[float] = []
    serve: list[float] = []
    one: list[float] = []
    two: list[float] = []
    deadlocks: list[int] = []
    with running_server(DURABLE) as server:
        for number in range(rounds):
            room = home / str(number)
            with bot(room / "sqlite") as child:
                file.append(_accepted([child], Alerts(), 0, count))
            serve.append(_serve(room / "serve", server, count))
            again = duplicates if number == rounds - 1 else 0
            rates, broken = _webs(room, server, count, again)
            one.append(rates[0])
            two.append(rates[1])
            deadlocks.append(broken)
    return [
        Line("P17", f"{BATCH} a request, serve: alerts/s on PostgreSQL by SQLite's",
             ratios(serve, file), limit=BY_SQLITE, at_least=True, note=_both(serve, file)),
        Line("P17", f"{BATCH} a request, PostgreSQL: two web by one", ratios(two, one),
             limit=BY_ONE, at_least=True, note=_both(two, one)),
        Line("P17", f"{duplicates:,} duplicates at two web: deadlocks", [sum(deadlocks)],
             limit=0.0),
    ]  # fmt: skip


def _serve(home: Path, server: Server, count: int) -> float:
    """Return how many alerts a second one whole bot accepts."""
    database = server.migrated()
    with bot(home, {"DATABASE_URL": server.url(database)}) as child:
        rate = _accepted([child], Alerts(), 0, count)
    _check(server, database, count)
    server.drop(database)
    return rate


def _webs(home: Path, server: Server, count: int, again: int) -> tuple[list[float], int]:
    """Return what one `web` accepts a second, and two, and the deadlocks while they did.

    At last both are told of the same alerts at once, `again` times in all.
    """
    database = server.migrated()
    settings = {
        "DATABASE_URL": server.url(database),
        "TRIAGE_OPERATOR_TOKEN": OPERATOR,
        "TRIAGE_SIGNING_KEY": "5e" * 32,
    }
    alerts = Alerts()
    rates: list[float] = []
    hands: list[Child] = []
    with ExitStack() as stack:
        for number in range(2):
            hands.append(stack.enter_context(bot(home / f"web-{number}", settings, command=WEB)))
            rates.append(_accepted(hands, alerts, number * count, count))
        if again:
            _say_again(hands, alerts, again)
    _check(server, database, 2 * count)
    broken = _number(server.conninfo(database), DEADLOCKS, database)
    server.drop(database)
    return rates, broken


def _accepted(hands: Sequence[Child], alerts: Alerts, first: int, count: int) -> float:
    """Return alerts a second, once every group has its incident."""
    opening = [alerts.group(group_of(n), OPENING + n, 1) for n in range(GROUPS)]
    for hand in hands:
        send_all(hand.port, [request(HOOK, body, TOKEN) for body in opening])
        hand.settled_cpu_s()
    bodies = [alerts.webhook(first + n, BATCH) for n in starts(count, BATCH)]
    ports = [hand.port for hand in hands]
    requests = [request(HOOK, body, TOKEN) for body in bodies]
    return count / send_all(ports[0], requests, beside=ports[1:]).wall_s


def _say_again(hands: Sequence[Child], alerts: Alerts, count: int) -> None:
    """Tell both of the same alerts, to one backwards, each time in other bytes."""
    firsts = [n * BATCH % KNOWN for n in range(count // BATCH)]
    said = [
        [request(HOOK, alerts.webhook(first, BATCH, f"{hand}-{n}"), TOKEN)
         for n, first in enumerate(order)]
        for hand, order in enumerate((firsts[::2], firsts[1::2][::-1]))
    ]  # fmt: skip
    with ThreadPoolExecutor(len(hands)) as senders:
        sending = [
            senders.submit(send_all, hand.port, requests, CONNECTIONS // 2)
            for hand, requests in zip(hands, said, strict=True)
        ]
        for one in sending:
            one.result()


def _check(server: Server, database: str, count: int) -> None:
    """Every accepted alert must be there, once."""
    told = _number(server.conninfo(database), TOLD)
    if told != count + GROUPS:
        raise BenchError(f"of {count + GROUPS} accepted alerts {told} are in the log")


def _number(conninfo: str, sql: str, *given: str) -> int:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(sql.encode(), given).fetchone()
    assert row is not None
    return int(row[0])


def _both(ours: Sequence[float], theirs: Sequence[float]) -> str:
    return f"{percentile(ours, 0.5):,.0f} and {percentile(theirs, 0.5):,.0f} alerts/s"
