"""The kill switch on several processes at once: what was approved starts nowhere (E-35)."""

import time
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from tests.story.crewing import Hand, crew_of

CEILING_S = 15.0
"""What is measured is meant to be a second; the machines of tests may be loaded."""
AT = "SELECT type, at FROM event WHERE type = ANY(%s) ORDER BY row"
TYPES = ["BotPaused", "BotResumed", "ActionStarted", "ActionFinished"]


def times(database: str) -> list[tuple[str, datetime]]:
    """Return when the switch was thrown, and when actions began and ended, as the log has it."""
    with psycopg.connect(database.replace("postgresql+psycopg", "postgresql")) as connection:
        found = connection.execute(AT, (TYPES,)).fetchall()
    return [(str(kind), datetime.fromisoformat(str(at))) for kind, at in found]


def closed_after(hand: Hand, begun: float) -> float:
    """Return how many seconds after `begun` this process knows of the pause, as seen from here."""
    hand.until(lambda: not hand.checks()["switch"]["ok"])
    return time.monotonic() - begun


@pytest.mark.timeout(300)
def test_e35_a_pause_stops_what_was_approved_on_all_processes(
    tmp_path: Path, postgresql_url: str
) -> None:
    with crew_of(tmp_path, postgresql_url) as (crew, target):
        web, one, other = crew.hire("web"), crew.hire("worker"), crew.hire("worker")
        for hand in (web, one, other):
            hand.ready()
        crew.deploy(web)
        crew.alert(web, "firing")
        web.until(lambda: web.proposal()[1] == "pending")
        name, _ = web.proposal()

        # One of the workers has its last look at the target when the switch is thrown.
        target.hold_probes()
        web.say(f"approve P-{name}")
        assert target.probed.wait(60), one.said() + other.said()
        begun = time.monotonic()
        web.say("pause")
        took = [closed_after(hand, begun) for hand in (web, one, other)]
        print(f"closed after {', '.join(f'{one:.2f}' for one in took)} s")  # noqa: T201 - what was measured
        target.open.set()
        web.until(lambda: "paused by" in one.said() + other.said())
        assert max(took) < CEILING_S
        assert "ActionStarted" not in web.events()
        assert sum(target.calls.values()) == 0
        assert web.proposal() == (name, "approved")

        web.say("resume")
        web.until(lambda: web.proposal()[1] == "succeeded")
        assert sum(target.calls.values()) == 1
    (paused, paused_at), (resumed, resumed_at), (started, at), _ = times(postgresql_url)
    assert (paused, resumed, started) == ("BotPaused", "BotResumed", "ActionStarted")
    assert paused_at < resumed_at <= at
