import os

from bot.app.clock import POOL_BYTES, SystemClock


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
