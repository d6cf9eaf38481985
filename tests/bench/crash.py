"""P3: what was acknowledged survives SIGKILL, whenever it comes."""

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.bench.bodies import Alerts, fingerprint
from tests.bench.children import BenchError
from tests.bench.load import offer, request
from tests.bench.servers import HOOK, TOKEN, bot
from tests.bench.table import Line

KILLS = 20
BATCH = 10
REQUESTS = 120
"""Requests offered before each kill, which comes after half to nearly all of them."""


def measure(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """Return the lines; measured once: twenty kills are twenty rounds."""
    kills = max(2, int(KILLS * scale))
    requests = max(8, int(REQUESTS * min(1.0, scale * 5)))
    acknowledged: set[int] = set()
    chance = random.Random(11)  # noqa: S311 - when to strike, not who may enter
    for number in range(kills):
        first = number * requests
        acknowledged |= _until_killed(home, first, requests, chance.uniform(0.5, 0.95))
    with bot(home) as child:  # it comes up again, and says what it has
        child.settled_cpu_s()
    stored, doubled = _told(home / "bench.db")
    promised = {first * BATCH + place for first in acknowledged for place in range(BATCH)}
    lost = len({fingerprint(n) for n in promised} - stored)
    if lost or doubled:
        raise BenchError(
            f"of {len(promised):,} acknowledged alerts {lost} are lost, {doubled} twice"
        )
    what = f"lost of {len(promised):,} acknowledged alerts, {kills} kills"
    return [Line("P3", what, [float(lost)], limit=0.0)]


def _until_killed(home: Path, first: int, count: int, share: float) -> set[int]:
    """Return the numbers of the requests that were acknowledged before the kill."""
    alerts = Alerts()
    requests = [
        request(HOOK, alerts.webhook((first + place) * BATCH, BATCH), TOKEN)
        for place in range(count)
    ]
    with bot(home) as child:

        def strike(accepted: int) -> None:
            if accepted == max(1, int(count * share)):
                child.process.kill()

        sent = offer(child.port, requests, cut=strike)
        if child.process.wait(10) != -9:
            raise BenchError(f"the bot was not killed but ended; see {home / 'log'}")
    return {first + place for place in sent.accepted}


def _told(database: Path) -> tuple[set[str], int]:
    """Return the fingerprints in the log, and how many stand there twice."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        bodies = connection.execute("SELECT body FROM event WHERE type = 'AlertsReceived'")
        told = [alert["fingerprint"] for (body,) in bodies for alert in json.loads(body)["alerts"]]
    return set(told), len(told) - len(set(told))
