"""A model that fails in a row is left alone for a while, longer each time."""

from bot.agent.breaker import ASKED_MOST_S, Breaker
from tests.bot.agent.minds import Steady


def breaker(clock: Steady) -> Breaker:
    return Breaker(clock, trial_s=10)


def test_f11_three_failures_in_a_row_are_a_rest_and_an_answer_between_them_is_none() -> None:
    made = breaker(Steady())
    assert not made.failed()
    assert not made.failed()
    made.answered()
    assert not made.failed()
    assert not made.failed()
    assert made.resting_s() == 0
    assert made.failed()
    assert made.resting_s() == 30


def test_f11_after_a_rest_one_tries_while_the_others_wait_and_a_failure_doubles_it() -> None:
    clock = Steady()
    made = breaker(clock)
    rests: list[float] = []
    for _ in range(3):
        made.failed()
    for _ in range(5):
        rests.append(made.resting_s())
        clock.at += rests[-1]
        assert made.resting_s() == 0  # the one that tries
        assert made.resting_s() == 10  # the others
        made.failed()
    assert rests == [30, 60, 120, 240, 300]
    clock.at += 300
    assert made.resting_s() == 0
    made.answered()
    assert made.resting_s() == 0
    assert not made.failed()


def test_f11_a_trial_that_nobody_ended_is_tried_anew() -> None:
    clock = Steady()
    made = breaker(clock)
    for _ in range(3):
        made.failed()
    clock.at += 30
    assert made.resting_s() == 0
    clock.at += 10
    assert made.resting_s() == 0


def test_f11_a_provider_that_asks_for_a_pause_gets_it_at_once_and_within_reason() -> None:
    clock = Steady()
    made = breaker(clock)
    assert made.failed(retry_after_s=7)
    assert made.resting_s() == 7
    clock.at += 7
    assert made.resting_s() == 0
    assert made.failed(retry_after_s=10**9)
    assert made.resting_s() == ASKED_MOST_S
