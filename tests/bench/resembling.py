"""P16: what it costs to find past incidents that resemble a new one, as they become more."""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from sqlalchemy import create_engine, insert

from bot.incident.events import stamp
from bot.store.search import INDEXES
from bot.store.store import Store
from bot.store.tables import INCIDENT
from tests.bench.growth import BEGAN, exponent, spent_us
from tests.bench.table import Line
from tests.databases import DURABLE, running_server
from tests.fakes import FakeClock

SIZES = (1_000, 10_000, 100_000)
SERVER_SIZES = (1_000, 10_000)
"""PostgreSQL is filled slowly; and its work is in other processes, so that time counts, not CPU."""
ASKED = 100
WORDS = 20_000
SERVICES = 200
CHUNK = 5_000
GROWTH_LIMIT = 0.7
CPU_LIMIT_MS = 10.0
Past = tuple[str, str]
"""A title and a service."""


def measure(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """Return the lines; `scale` shrinks the sizes."""
    home.mkdir(parents=True, exist_ok=True)
    sizes = _shrunk(SIZES, scale)
    cpu = asyncio.run(_costs(f"sqlite:///{home / 'similar.db'}", sizes, rounds))
    lines = [
        Line("P16", f"similar among {sizes[0]:,} to {sizes[-1]:,} incidents: exponent",
             [exponent(sizes, costs) for costs, _ in cpu], limit=GROWTH_LIMIT),
        Line("P16", f"similar among {sizes[-1]:,} incidents: CPU",
             [costs[-1] / 1000 for costs, _ in cpu], " ms", limit=CPU_LIMIT_MS),
    ]  # fmt: skip
    sizes = _shrunk(SERVER_SIZES, scale)
    with running_server(DURABLE) as server:
        found = asyncio.run(_costs(server.url(server.migrated()), sizes, rounds))
    label = f"similar among {sizes[0]:,} to {sizes[-1]:,}, PostgreSQL: exponent"
    return [
        *lines,
        Line("P16", label, [exponent(sizes, took) for _, took in found], limit=GROWTH_LIMIT),
        Line("P16", f"similar among {sizes[-1]:,}, PostgreSQL: time",
             [took[-1] / 1000 for _, took in found], " ms"),
    ]  # fmt: skip


def _shrunk(sizes: Sequence[int], scale: float) -> list[int]:
    """Return smaller sizes, of which each is still larger than the one before."""
    return [max(50 << place, int(size * scale)) for place, size in enumerate(sizes)]


async def _costs(
    url: str, sizes: Sequence[int], rounds: int
) -> list[tuple[list[float], list[float]]]:
    """Return for each round what one question costs at each size: CPU and time, microseconds."""
    found: list[tuple[list[float], list[float]]] = [([], []) for _ in range(rounds)]
    chance = random.Random(7)  # noqa: S311 - which words are said, not who may enter
    past = _past(chance)
    known: list[Past] = []
    async with Store.open(url, FakeClock()) as store:

        async def ask(about: Past) -> object:
            return await store.incidents.similar(*about, "")

        for size in sizes:
            more = [next(past) for _ in range(size - len(known))]
            _fill(url, len(known) + 1, more)
            known += more
            for cpu, took in found:
                asked = chance.choices(known, k=ASKED)
                began = time.perf_counter()
                cpu.append(await spent_us(asked, ask))
                took.append((time.perf_counter() - began) / ASKED * 1e6)
    return found


def _past(chance: random.Random) -> Iterator[Past]:
    """Yield incidents: some words are said often, most seldom, as people speak."""
    words = [f"word{n}" for n in range(WORDS)]
    often = list(accumulate(1 / (n + 1) for n in range(WORDS)))
    while True:
        title = " ".join(chance.choices(words, cum_weights=often, k=6))
        yield title, f"service-{chance.randrange(SERVICES)}"


def _fill(url: str, first: int, past: Sequence[Past]) -> None:
    """Add closed incidents to the list and to its index, by the index's own statement."""
    engine = create_engine(url)
    index = INDEXES[engine.dialect.name]
    with engine.begin() as connection:
        for begin in range(0, len(past), CHUNK):
            numbered = list(enumerate(past[begin : begin + CHUNK], start=first + begin))
            connection.execute(insert(INCIDENT), [_row(n, *about) for n, about in numbered])
            connection.execute(
                index.add,
                [index.row(n, title, service, _labels(n)) for n, (title, service) in numbered],
            )
    engine.dispose()


def _row(number: int, title: str, service: str) -> dict[str, object]:
    return {
        "id": f"INC-{number}",
        "number": number,
        "seq": 9,
        "status": "closed",
        "severity": "warning",
        "service": service,
        "title": title,
        "opened_at": stamp(BEGAN),
        "merged_into": "",
        "pending": 0,
        "alerts": 1,
        "alerted_at": stamp(BEGAN),
    }


def _labels(number: int) -> str:
    return f"harbour-{number % 3} shift-{number % 20} labeller-{number:07d}"
