"""`python -m tests.bench`: every benchmark, or some of them, as one table of ratios."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench import (
    action,
    card,
    crash,
    growth,
    ingest,
    places,
    postgres,
    pressure,
    prompt,
    resembling,
    startup,
    storm,
    workers,
)
from tests.bench.children import BenchError
from tests.bench.servers import ALERTMANAGER
from tests.bench.table import Line, show

Measure = Callable[[Path, int, float], list[Line]]
ROUNDS = 3
QUICK_SCALE = 0.1
BENCHMARKS: dict[str, tuple[frozenset[str], Measure]] = {
    "Durable ingest (kept before it is acknowledged)": (frozenset({"P1", "P2"}), ingest.measure),
    "Storm": (frozenset({"P2", "P8"}), storm.measure),
    "Polite storm": (frozenset({"P8"}), places.measure),
    "Kill": (frozenset({"P3"}), crash.measure),
    "Half load": (frozenset({"P5"}), pressure.half),
    "Overload": (frozenset({"P6"}), pressure.beyond),
    "First card": (frozenset({"P7"}), card.measure),
    "Approval": (frozenset({"P9"}), action.measure),
    "Context of a model": (frozenset({"P10", "P11", "P12"}), prompt.measure),
    "Start": (frozenset({"P13"}), startup.start),
    "Memory": (frozenset({"P14"}), startup.memory),
    "Growth": (frozenset({"P16"}), growth.measure),
    "Similar incidents": (frozenset({"P16"}), resembling.measure),
    "PostgreSQL": (frozenset({"P17"}), postgres.measure),
    "Two workers": (frozenset({"M2"}), workers.measure),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; 1 when a benchmark could not be made or something accepted was lost."""
    known = sorted({goal for goals, _ in BENCHMARKS.values() for goal in goals})
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", default="", help=f"goals, such as P1,P13; of {', '.join(known)}")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="interleaved rounds")
    parser.add_argument("--quick", action="store_true", help="one round of a tenth")
    given = parser.parse_args(arguments)
    wanted = {goal for goal in str(given.only).upper().split(",") if goal}
    if not wanted <= set(known) or given.rounds < 1:
        parser.error(f"goals are {', '.join(known)}; rounds are 1 or more")
    rounds, scale = (1, QUICK_SCALE) if given.quick else (given.rounds, 1.0)
    return run(wanted, rounds, scale)


def run(wanted: set[str], rounds: int, scale: float) -> int:
    """Run those that measure one of `wanted` (none: all), and print each as it is done."""
    beside = "beside a real Alertmanager" if ALERTMANAGER else "no Alertmanager is installed here"
    print(f"Medians (least-most) of {rounds} rounds, {beside}; load {_load()}")
    began = time.monotonic()
    failed = False
    for title, (goals, measure) in BENCHMARKS.items():
        if wanted and not wanted & goals:
            continue
        with tempfile.TemporaryDirectory(prefix="triagebot-bench-") as home:
            try:
                show(title, measure(Path(home), rounds, scale))
            except BenchError as error:
                failed = True
                print(f"\n{title}\n  FAILED: {error}")
        sys.stdout.flush()
    print(f"\n{time.monotonic() - began:.0f} s; load {_load()}")
    return int(failed)


def _load() -> str:
    return Path("/proc/loadavg").read_text().split()[0]


if __name__ == "__main__":
    sys.exit(main())
