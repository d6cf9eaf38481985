"""D-09: what is wrong with the bot, read off what it sees of itself."""

from datetime import datetime

import pytest

from bot.incident.symptom import (
    CHANNEL,
    KNOWLEDGE,
    LAG,
    OVERSIZE,
    QUEUE,
    SILENT,
    Ear,
    Observed,
    symptoms_of,
)
from tests.bot.incident.making import at

STARTED = at(1000)


def ear(heard: float | None) -> Ear:
    return Ear("alertmanager", "default", 60, None if heard is None else at(heard))


def names(seen: Observed, now: float, known: dict[str, datetime | None] | None = None) -> list[str]:
    return [one.name for one in symptoms_of(seen, known or {}, at(now))]


@pytest.mark.parametrize(
    ("heard", "now", "silent"),
    [
        pytest.param(1100, 1160, False, id="exactly its period ago"),
        pytest.param(1100, 1161, True, id="longer ago"),
        pytest.param(None, 1060, False, id="never, but the start was a moment ago"),
        pytest.param(None, 1061, True, id="never"),
        pytest.param(100, 1060, False, id="long before the start: a full period is granted"),
        pytest.param(100, 1061, True, id="long before the start, and that is over"),
        pytest.param(2000, 1500, False, id="a word from the future is a word"),
    ],
)
def test_d09_a_door_is_silent_a_full_period_after_its_last_word_or_the_start(
    heard: float | None, now: float, *, silent: bool
) -> None:
    found = names(Observed(STARTED, ears=(ear(heard),)), now)
    assert found == ([SILENT] if silent else [])


@pytest.mark.parametrize(
    ("heard", "told", "silent"),
    [
        pytest.param(100, 100, True, id="nothing since it was told"),
        pytest.param(None, 100, True, id="never heard at all"),
        pytest.param(101, 100, False, id="heard after it was told"),
    ],
)
def test_d09_a_restart_takes_back_no_silence_that_nobody_broke(
    heard: float | None, told: float, *, silent: bool
) -> None:
    one = ear(heard)
    found = names(Observed(STARTED, ears=(one,)), 1001, {one.key: at(told)})
    assert found == ([SILENT] if silent else [])


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (Observed(STARTED), []),
        (Observed(STARTED, broken={"slack": "HTTP 503"}), [CHANNEL]),
        (Observed(STARTED, waiting=79, queue_max=100), []),
        (Observed(STARTED, waiting=80, queue_max=100), [QUEUE]),
        (Observed(STARTED, due_since=at(1700)), []),
        (Observed(STARTED, due_since=at(1699)), [LAG]),
        (Observed(STARTED, due_since=at(9999)), []),
        (Observed(STARTED, oversized={"a/b": at(-1600)}), []),
        (Observed(STARTED, oversized={"a/b": at(-1599)}), [OVERSIZE]),
        (Observed(STARTED, problem="people.yaml: line 3"), [KNOWLEDGE]),
    ],
)
def test_what_is_wrong_at_two_thousand(seen: Observed, expected: list[str]) -> None:
    assert names(seen, 2000) == expected


def test_each_cause_has_its_own_key_and_says_what_it_is_about() -> None:
    seen = Observed(
        STARTED,
        ears=(ear(None), Ear("heartbeat", "cron", 5, None)),
        broken={"slack": "HTTP 503", "email": "refused"},
        waiting=9,
        due_since=at(0),
        oversized={"a/b": at(5000), "a/c": at(5000)},
        problem="hooks.yaml: broken",
    )
    found = symptoms_of(seen, {}, at(5000))
    assert len({one.key for one in found}) == len(found) == 9
    assert all(one.subject in one.summary for one in found)
