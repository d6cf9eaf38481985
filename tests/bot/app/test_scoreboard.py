"""The scoreboard in a terminal, as JSON, and on the meter."""

import asyncio
import json
from collections.abc import Iterator
from datetime import datetime

import pytest

from bot import telemetry
from bot.app.scoreboard import scoreboard_json, scoreboard_lines
from bot.app.weighing import Weighing, meter
from bot.errors import BusyError
from bot.incident.tally import tally, weeks_begin
from bot.incident.trust import Scoreboard
from tests.bot.app.scene import gauge
from tests.bot.web import stories
from tests.bot.web.quarter import HASTY, quarter
from tests.fakes import FakeClock
from tests.waiting import until

LOOKS = "triage_approvers_worth_a_second_look"
AGREES = "triage_agreement_ratio"


def board(weeks: int = 26) -> Scoreboard:
    return tally(quarter(), weeks_begin(stories.T0, weeks), stories.T0)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    telemetry.agreement.clear()
    telemetry.second_looks.set(0)


def test_s002_the_terminal_shows_every_table_and_who_is_worth_a_second_look() -> None:
    lines = scoreboard_lines(board(), 26)
    text = "\n".join(lines)
    assert (
        "job_run:restart         10     100 %      1.4 s       95 s        75 %  "
        "approved 8 · expired 2 · succeeded 6 · failed 2" in lines
    )
    for first in ("action", "channel", "person", "week from", "conclusions"):
        assert any(line.startswith(first) for line in lines)
    assert f"The last 20 approvals of {HASTY} are worth a second look" in text
    assert all(line == line.rstrip() for line in lines)
    assert "\u202e" not in text


def test_how_far_a_model_and_the_planner_agree_is_a_line_and_numbers() -> None:
    made = board()
    assert not any(line.startswith("steps") for line in scoreboard_lines(made, 26))
    made.steps.update({"agreed": 7, "differed": 2, "fallback": 1})
    assert (
        "steps        7 of the model's 9 are what the planner would have chosen; "
        "the planner chose 1 for a model that could not"
    ) in scoreboard_lines(made, 26)
    assert scoreboard_json(made)["steps"] == {"agreed": 7, "differed": 2, "fallback": 1}


def test_s002_nothing_in_this_time_is_said_in_words() -> None:
    empty = tally([], weeks_begin(stories.T0, 8), stories.T0)
    assert scoreboard_lines(empty, 8) == ["Nothing was proposed or concluded in the last 8 weeks."]


def test_s002_json_has_every_number_also_those_that_are_zero() -> None:
    told = json.loads(json.dumps(scoreboard_json(board())))
    assert told["actions"]["job_run:restart"] == {
        "proposed": 10, "edited": 0, "approved": 8, "denied": 0, "expired": 2, "withdrawn": 0,
        "superseded": 0, "uninspectable": 0, "succeeded": 6, "failed": 2, "unknown": 0,
        "regressed": 0, "undone": 0,
        "refused": 0, "agreement": 1.0, "decided_p50_s": 1.4, "decided_p90_s": 95.0,
        "approved_in_under_3_s": 0.75,
    }  # fmt: skip
    assert told["persons"][HASTY]["worth_a_second_look"] is True
    assert len(told["weeks"]) == 26
    assert told["weeks"][-1]["agreement"] is None
    assert set(told["conclusions"]) >= {"right", "wrong", "partly", "abstained", "unjudged"}


def test_e44_the_meter_shows_agreement_by_action_and_names_nobody() -> None:
    meter(board())
    assert gauge(AGREES, "job_run:restart") == 1
    assert gauge(LOOKS) == 1
    assert HASTY not in telemetry.exposition().decode()


class Flaky:
    """Scores that cannot be read the first time."""

    def __init__(self) -> None:
        self.asked = 0

    async def of_weeks(self, weeks: int, now: datetime) -> Scoreboard:
        assert (weeks, now) == (4, FakeClock().now())
        self.asked += 1
        if self.asked == 1:
            raise BusyError("the database is away")
        return board()


async def test_e44_weighing_goes_on_when_the_log_could_not_be_read_and_leaves_nothing_behind() -> (
    None
):
    stopping, scores = asyncio.Event(), Flaky()
    work = asyncio.create_task(Weighing(scores, FakeClock(), 0.01).run(stopping))
    await until(lambda: gauge(LOOKS) == 1)
    stopping.set()
    await work
    assert scores.asked > 1
    assert gauge(LOOKS) == 0
    assert gauge(AGREES, "job_run:restart") is None
