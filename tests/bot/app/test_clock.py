import os
from datetime import datetime, timedelta

from bot.app.clock import HELD, POOL_BYTES, SteadyClock, SystemClock, machine_clock
from tests.fakes import T0, FakeClock


def test_no_token_is_given_out_twice() -> None:
    clock = SystemClock()
    tokens = [clock.token(16) for _ in range(POOL_BYTES)]
    assert len(set(tokens)) == len(tokens)
    assert {len(token) for token in tokens} == {32}


def test_a_token_may_be_larger_than_the_pool() -> None:
    assert len(SystemClock().token(POOL_BYTES * 2)) == POOL_BYTES * 4


def test_a_fork_does_not_share_its_parents_tokens() -> None:
    clock = SystemClock()
    clock.token(1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, clock.token(32).encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 100).decode()
    os.close(reading)
    os.close(writing)
    assert len(theirs) == 64
    assert theirs != clock.token(32)


def test_times_are_aware_and_utc() -> None:
    assert SystemClock().now().utcoffset() is not None


class Machine:
    """A machine whose clock somebody sets; its quartz ticks on."""

    def __init__(self) -> None:
        self.at = T0
        self.up_s = 100.0

    def machine(self) -> datetime:
        return self.at

    def elapsed_s(self) -> float:
        return self.up_s

    def tick(self, seconds: float, *, set_by_s: float = 0) -> None:
        self.up_s += seconds
        self.at += timedelta(seconds=seconds + set_by_s)


def test_e13_a_clock_that_is_set_back_gives_nobody_more_time() -> None:
    machine = Machine()
    clock = SteadyClock(machine.machine, machine.elapsed_s)
    machine.tick(600)
    assert clock.now() == machine.at
    machine.tick(60, set_by_s=-3600)
    assert clock.now() == T0 + timedelta(seconds=660)
    machine.tick(300)
    assert clock.now() == T0 + timedelta(seconds=960)
    machine.tick(1, set_by_s=3600)
    assert clock.now() == machine.at == T0 + timedelta(seconds=961)


def test_a_clock_that_is_set_forward_or_corrected_a_little_is_followed() -> None:
    machine = Machine()
    clock = SteadyClock(machine.machine, machine.elapsed_s)
    machine.tick(1, set_by_s=7200)
    assert clock.now() == machine.at
    machine.tick(1, set_by_s=-0.4)
    assert clock.now() == machine.at


def test_a_clock_that_was_far_ahead_is_not_believed_for_ever() -> None:
    machine = Machine()
    clock = SteadyClock(machine.machine, machine.elapsed_s)
    machine.tick(1, set_by_s=-30 * 86400)
    assert clock.now() > machine.at
    machine.tick(HELD.total_seconds())
    assert clock.now() == machine.at


def test_d01_what_others_signed_is_read_by_the_machines_own_clock() -> None:
    machine = Machine()
    steady = SteadyClock(machine.machine, machine.elapsed_s)
    assert not isinstance(machine_clock(steady), SteadyClock)
    fake = FakeClock()
    assert machine_clock(fake) is fake
