"""P16: how cost grows with size: replay, the list, one incident, the deduplication of alerts."""

import asyncio
import math
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

from bot.incident.events import Event, decode, encode
from bot.incident.fact import Fact
from bot.incident.facts_alerts import AlertsReceived, IncidentOpened, NoteAdded
from bot.incident.model import Alert
from bot.incident.reducer import fold
from bot.ports import Draft, Filter
from bot.store.arrivals import occurrences
from bot.store.statements import SEE
from bot.store.store import Store
from tests.bench.bodies import GROUPS, fingerprint, group_of
from tests.bench.table import Line
from tests.fakes import FakeClock

EVENTS = (10, 100, 1_000, 10_000)
INCIDENTS = (100, 400, 1_600)
ROWS = (10_000, 100_000, 300_000)
UPSERTS = 100
REPLAY_LIMIT = 1.1
EVENT_LIMIT_US = 5.0
READ_LIMIT = 0.15
UPSERT_LIMIT = 0.25
PAGE = Filter(status="open", limit=50)
T = TypeVar("T")
BEGAN = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)


def measure(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """Return the lines; `scale` shrinks the sizes."""
    events = [max(2, int(size * scale)) for size in EVENTS]
    incidents = [max(2, int(size * scale)) for size in INCIDENTS]
    rows = [max(2, int(size * scale)) for size in ROWS]
    home.mkdir(parents=True, exist_ok=True)
    return [
        *_replay(events, rounds),
        *asyncio.run(_reading(home / "read.db", incidents, rounds)),
        *_dedupe(home / "dedupe.db", rows, rounds),
    ]


def _replay(sizes: Sequence[int], rounds: int) -> list[Line]:
    threads = [_thread(size) for size in sizes]
    stored = [[(event.type, encode_of(event)) for event in thread] for thread in threads]
    folds = [
        [_cpu_us(lambda t=t: fold(t), 2_000 // len(t)) for t in threads] for _ in range(rounds)
    ]
    reads = [
        [_cpu_us(lambda s=s: [decode(kind, 1, body) for kind, body in s], 200 // len(s))
         for s in stored]
        for _ in range(rounds)
    ]  # fmt: skip
    each = [costs[-1] / sizes[-1] for costs in folds]
    decoded = [costs[-1] / sizes[-1] for costs in reads]
    label = f"replay of {sizes[0]} to {sizes[-1]:,} events"
    return [
        Line("P16", f"{label}: exponent", [exponent(sizes, costs) for costs in folds],
             limit=REPLAY_LIMIT),
        Line("P16", f"replay of {sizes[-1]:,} events: CPU an event", each, " µs",
             limit=EVENT_LIMIT_US),
        Line("P16", "decoding the same events: CPU an event", decoded, " µs"),
    ]  # fmt: skip


def encode_of(event: Event) -> bytes:
    """The stored bytes of an event that this version knows."""
    assert isinstance(event.body, Fact)
    return encode(event.body)


def _thread(size: int) -> list[Event]:
    """An incident whose alerts come, repeat and are spoken of."""
    facts: list[Fact] = [
        IncidentOpened(title="Queue grows", service="parcels", severity="warning", group_key="g")
    ]
    for number in range(1, size):
        note = NoteAdded(person="dana", text="looking at the labeller")
        facts.append(note if number % 3 == 0 else _received(number))
    return [
        Event("INC-1", seq, BEGAN + timedelta(seconds=seq), "bench:maker", fact)
        for seq, fact in enumerate(facts, start=1)
    ]


def _received(number: int) -> AlertsReceived:
    alert = _alert(number)
    return AlertsReceived(delivery="d", source="alertmanager", group_key="g", alerts=(alert,))


def _alert(number: int) -> Alert:
    return Alert(
        source="alertmanager",
        fingerprint=fingerprint(number // 2),
        status="firing",
        title="Queue grows",
        severity="warning",
        service="parcels",
        labels={"alertname": "ParcelQueueGrows", "service": "parcels", "pod": str(number)},
        annotations={"summary": "The queue grows faster than it is emptied"},
        starts_at=BEGAN,
        ends_at=None,
    )


async def _reading(path: Path, sizes: Sequence[int], rounds: int) -> list[Line]:
    """Cost of one page of the list, and of opening one incident, as incidents become more."""
    pages: list[list[float]] = [[] for _ in range(rounds)]
    single: list[list[float]] = [[] for _ in range(rounds)]
    async with Store.open(f"sqlite:///{path}", FakeClock()) as store:
        made = 0
        for size in sizes:
            await asyncio.gather(*(store.log.open(_opening) for _ in range(size - made)))
            made = size
            for number in range(rounds):
                pages[number].append(await spent_us([PAGE] * 20, store.incidents.page))
                names = [f"INC-{size * part // 50 + 1}" for part in range(50)]
                single[number].append(await spent_us(names, store.log.load))
    label = f"{sizes[0]:,} to {sizes[-1]:,} incidents: exponent"
    return [
        Line("P16", f"list a page of {label}", [exponent(sizes, costs) for costs in pages],
             limit=READ_LIMIT),
        Line("P16", f"open one of {label}", [exponent(sizes, costs) for costs in single],
             limit=READ_LIMIT),
    ]  # fmt: skip


def _opening(_incident: str) -> Draft:
    title = IncidentOpened(title="Queue grows", service="parcels", severity="high", group_key="")
    return Draft("bench:maker", (title,))


def _dedupe(path: Path, sizes: Sequence[int], rounds: int) -> list[Line]:
    """Cost of telling that an alert is known, as known alerts become more."""
    asyncio.run(_empty(path))
    costs: list[list[float]] = [[] for _ in range(rounds)]
    chance = random.Random(7)  # noqa: S311 - which rows are met, not who may enter
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=NORMAL")
        have = 0
        for size in sizes:
            connection.execute("BEGIN")
            connection.executemany(SEE, (_seen(number) for number in range(have, size)))
            connection.execute("COMMIT")
            have = size
            for number in range(rounds):
                groups = [
                    [_seen(chance.randrange(have)) for _ in range(UPSERTS)] for _ in range(20)
                ]
                spent = _cpu_us(lambda groups=groups: _upsert(connection, groups), 1)
                costs[number].append(spent / UPSERTS / len(groups))
    label = f"dedupe among {sizes[0]:,} to {sizes[-1]:,} alerts: exponent"
    found = [exponent(sizes, each) for each in costs]
    return [Line("P16", label, found, limit=UPSERT_LIMIT)]


async def _empty(path: Path) -> None:
    async with Store.open(f"sqlite:///{path}", FakeClock()):
        pass


def _seen(number: int) -> tuple[str, str, str, str, str]:
    at = "2026-01-05T03:00:00.000000Z"
    return (f"{_door(number % GROUPS)}{fingerprint(number)}", "firing", at, "d", at)


@cache
def _door(group: int) -> str:
    """What the keys of a group's alerts begin with, as the store spells them."""
    alert = _alert(0)
    (key,) = occurrences([alert], "alertmanager:default", group_of(group))
    return key.removesuffix(alert.fingerprint)


def _upsert(
    connection: sqlite3.Connection, groups: Sequence[Sequence[tuple[str, str, str, str, str]]]
) -> None:
    for group in groups:
        connection.execute("BEGIN")
        connection.executemany(SEE, group)
        connection.execute("COMMIT")


def _cpu_us(work: Callable[[], object], times: int) -> float:
    """CPU microseconds of one call, over at least three."""
    times = max(times, 3)
    before = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - before) / times * 1e6


async def spent_us(asked: Sequence[T], ask: Callable[[T], Awaitable[object]]) -> float:
    """CPU microseconds of one question, all threads together."""
    before = time.process_time()
    for one in asked:
        await ask(one)
    return (time.process_time() - before) / len(asked) * 1e6


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """The slope of cost over size, both as logarithms, from the smallest to the largest."""
    return math.log(costs[-1] / costs[0]) / math.log(sizes[-1] / sizes[0])
