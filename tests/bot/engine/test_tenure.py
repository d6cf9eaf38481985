"""A process that was silent for too long neither reads, writes nor acts."""

from datetime import UTC, datetime

import pytest

from bot.engine.tenure import LOST, Tenure, TenuredLog, elapsed
from bot.errors import BusyError
from bot.ports import Draft, Refusal
from tests.bot.engine.test_embedded import Alarms

NOW = datetime(2025, 3, 1, tzinfo=UTC)


class Watch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_tenure_is_held_only_after_a_heartbeat_and_for_its_time() -> None:
    watch = Watch()
    tenure = Tenure(8, watch)
    assert tenure.closed() == LOST
    tenure.renew(tenure.now())
    watch.now += 7.9
    assert tenure.held
    assert tenure.closed() == ""
    watch.now += 0.1
    assert not tenure.held


def test_a_heartbeat_counts_from_when_it_was_sent() -> None:
    watch = Watch()
    tenure = Tenure(8, watch)
    asked_at = tenure.now()
    watch.now += 20  # the process stood still before the answer came
    tenure.renew(asked_at)
    assert not tenure.held


def test_an_older_heartbeat_shortens_nothing_and_a_loss_ends_it_at_once() -> None:
    watch = Watch()
    tenure = Tenure(8, watch)
    tenure.renew(100)
    tenure.renew(95)
    watch.now = 107
    assert tenure.held
    tenure.lose()
    assert not tenure.held


def test_the_clock_runs_on() -> None:
    assert elapsed() <= elapsed()


async def test_a_log_without_tenure_reads_and_writes_nothing() -> None:
    tenure, alarms = Tenure(8), Alarms()
    log = TenuredLog(alarms, tenure)
    draft = Draft("bot", ())

    def build(_: object) -> Refusal:
        return Refusal("no")

    def make(_: str) -> Draft:
        return draft

    def asked() -> list[object]:
        return [
            log.load("INC-1"),
            log.append("INC-1", 1, draft),
            log.record("INC-1", build),
            log.open(make),
            log.sleep("INC-1", 1, None),
        ]

    for call in asked():
        with pytest.raises(BusyError, match="silent"):
            await call  # pyright: ignore[reportGeneralTypeIssues]
    assert await log.due(NOW) == []
    assert await log.heads() == {}
    assert await log.changed() == 0
    tenure.renew(tenure.now())
    for call in asked():
        await call  # pyright: ignore[reportGeneralTypeIssues]
