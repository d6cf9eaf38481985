"""P8: what a storm does to a channel that takes one message a second a place."""

import sys
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import BaseModel

from tests.bench import polite
from tests.bench.bodies import GROUPS, Alerts, about, starts
from tests.bench.children import BenchError, wait_until
from tests.bench.ingest import check_rows
from tests.bench.load import request, send_all
from tests.bench.servers import HOOK, TOKEN, bot
from tests.bench.table import Line

ALERTS = 20_000
BATCH = 10
PLACES = (1, 10)
"""How many places the storm's services are talked about in; a quick run has the last only."""
DEBOUNCE_S = 1
WITHIN_S = 180.0
SECOND_S = 0.999
"""A clock tick less than one, for it is the channel that counts and its clock that is read."""
PROGRAM = (sys.executable, "-m", "tests.bench.polite", "serve")
ROOT = str(Path(__file__).parents[2])


class Call(BaseModel):
    """What the channel was asked, and when."""

    kind: str
    at: float
    address: str
    key: str


def measure(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """Return the lines; measured once, for a place that takes 50 cards takes 50 seconds."""
    _ = rounds
    count = max(GROUPS * BATCH, int(ALERTS * scale) // BATCH * BATCH)
    lines: list[Line] = []
    for places in PLACES if scale >= 1 else PLACES[-1:]:
        lines += _storm(home / str(places), places, count)
    return lines


def _storm(home: Path, places: int, count: int) -> list[Line]:
    """Return the lines of one storm; BenchError when a group has no card, or two."""
    alerts = Alerts()
    bodies = [
        about(_service(number, places), alerts.webhook(first, BATCH))
        for number, first in enumerate(starts(count, BATCH))
    ]
    settings = {"PYTHONPATH": ROOT, "TRIAGE_DEBOUNCE_S": str(DEBOUNCE_S), "TRIAGE_CONSOLE": "0"}
    with bot(home, settings, _knowledge(places), PROGRAM) as child:
        child.settled_cpu_s()
        began = time.time()
        send_all(child.port, [request(HOOK, body, TOKEN) for body in bodies])
        wait_until(
            lambda: len(_of_kind(_calls(home), "open")) >= GROUPS,
            f"not every one of {GROUPS} groups has a card; see {home / 'log'}",
            WITHIN_S,
            every_s=0.2,
        )
        child.settled_cpu_s()
    calls = _calls(home)
    opened = _of_kind(calls, "open")
    incidents = {call.key.partition("/")[0] for call in opened}
    if len(incidents) != GROUPS:
        raise BenchError(f"{GROUPS} groups made cards of {len(incidents)} incidents")
    check_rows(home / "bench.db", deliveries=len(bodies), alerts=count)
    spoken = [call for call in calls if call.kind in ("open", "reply")]
    edits = _of_kind(calls, "edit")
    where = f"{count:,} alerts, {GROUPS} groups, {places} place{'s' if places > 1 else ''}"
    return [
        Line("P8", f"{where}: first cards", [len(opened)], limit=GROUPS),
        Line("P8", "first of them after the first alert", [opened[0].at - began], " s",
             limit=DEBOUNCE_S + 1),
        Line("P8", "last of them", [opened[-1].at - began], " s",
             note=f"{GROUPS // places} cards a place, one a second"),
        Line("P8", "edits of one card in any second: most", [_most(edits, _card_of)], limit=1),
        Line("P8", "edits in one place in any second: most", [_most(edits, _place_of)]),
        Line("P8", "new messages in one place in any second: most", [_most(spoken, _place_of)],
             limit=1),
        Line("P8", "asked for too early and refused with 429",
             [len(_of_kind(calls, "refused"))], note=f"of {len(spoken)} messages"),
    ]  # fmt: skip


def _calls(home: Path) -> list[Call]:
    """Return what the channel was asked so far; a line that is still written does not count."""
    whole, _, _ = home.joinpath(polite.CALLS).read_text().rpartition("\n")
    return [Call.model_validate_json(line) for line in whole.splitlines()]


def _of_kind(calls: Sequence[Call], kind: str) -> list[Call]:
    return [call for call in calls if call.kind == kind]


def _most(calls: Sequence[Call], by: Callable[[Call], str]) -> int:
    """Return the most calls that any one had within any second."""
    times: defaultdict[str, list[float]] = defaultdict(list)
    for call in calls:
        times[by(call)].append(call.at)
    return max(
        (bisect_left(ats, at + SECOND_S) - number
         for ats in times.values() for number, at in enumerate(ats)),
        default=0,
    )  # fmt: skip


def _card_of(call: Call) -> str:
    return f"{call.address} {call.key}"


def _place_of(call: Call) -> str:
    return call.address.partition("|")[0]


def _service(number: int, places: int) -> str:
    """Return the service of a request: each group is of one service."""
    return f"parcels-{number % GROUPS % places}"


def _knowledge(places: int) -> dict[str, object]:
    services = [
        {
            "name": f"parcels-{n}",
            "owner": "harbour",
            "environment": "bench",
            "conversations": {polite.NAME: f"place-{n}"},
        }
        for n in range(places)
    ]
    return {"services.yaml": {"services": services}}
