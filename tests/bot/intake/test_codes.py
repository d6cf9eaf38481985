"""One-time codes as such: RFC 6238, the window, replay, clock skew, and the lock."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pyotp.totp import TOTP

from bot.intake.codes import LOCKED, WRONG_IN, WRONG_MAX, judge
from bot.ports import StepUpKey

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
"""The ASCII secret of RFC 6238, appendix B, as an app would hold it."""
NOW = datetime(2026, 3, 3, 14, 2, 11, tzinfo=UTC)
DANA = StepUpKey("dana")


def code_at(at: datetime, off_s: int = 0) -> str:
    return TOTP(SECRET).at(int(at.timestamp()) + off_s)


def wrong_at(at: datetime) -> str:
    """Return six digits that are no code anywhere near."""
    near = {code_at(at, 30 * step) for step in range(-25, 26)}
    return next(found for found in map("{:06d}".format, range(1000)) if found not in near)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_e24_the_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    judged = judge(DANA, SECRET, code, datetime.fromtimestamp(seconds, UTC))
    assert judged.why == ""
    assert judged.key.spent == seconds // 30


@pytest.mark.parametrize("off_s", [-30, 0, 30])
def test_e24_a_clock_that_is_off_by_thirty_seconds_will_do(off_s: int) -> None:
    assert judge(DANA, SECRET, code_at(NOW, off_s), NOW).why == ""


@pytest.mark.parametrize(
    ("off_s", "says"), [(-90, "about 90 s old"), (90, "about 90 s ahead of our clock")]
)
def test_e24_a_clock_that_is_off_by_ninety_seconds_will_not_and_is_told_why(
    off_s: int, says: str
) -> None:
    judged = judge(DANA, SECRET, code_at(NOW, off_s), NOW)
    assert says in judged.why
    assert judged.key.spent == 0
    assert judged.key.wrong_at == (NOW,)


def test_e24_a_time_step_counts_once_and_never_backwards() -> None:
    spent = judge(DANA, SECRET, code_at(NOW, 30), NOW).key
    for off_s in (30, 0, -30):
        again = judge(spent, SECRET, code_at(NOW, off_s), NOW)
        assert "was used already" in again.why
        assert again.key == spent
    later = NOW + timedelta(seconds=60)
    assert judge(spent, SECRET, code_at(later), later).why == ""


def test_e24_the_fifth_wrong_code_in_five_minutes_locks_for_five_minutes() -> None:
    key, at = DANA, NOW
    for number in range(1, WRONG_MAX + 1):
        judged = judge(key, SECRET, wrong_at(at), at)
        assert judged.locks == (number == WRONG_MAX)
        key, at = judged.key, at + timedelta(seconds=20)
    until = at - timedelta(seconds=20) + LOCKED
    assert key.locked_until == until
    right = judge(key, SECRET, code_at(at), at)
    assert "looked at again at 14:08:31 UTC" in right.why
    assert (right.key, right.locks) == (key, False)
    assert judge(key, SECRET, code_at(until), until).why == ""


def test_e24_wrong_codes_that_lie_far_apart_lock_nobody() -> None:
    key, at = DANA, NOW
    for _ in range(3 * WRONG_MAX):
        judged = judge(key, SECRET, wrong_at(at), at)
        assert not judged.locks
        key, at = judged.key, at + WRONG_IN / (WRONG_MAX - 1)
    assert key.locked_until is None


def test_e24_a_right_code_makes_wrong_ones_be_forgotten() -> None:
    key = DANA
    for _ in range(WRONG_MAX - 1):
        key = judge(key, SECRET, wrong_at(NOW), NOW).key
    assert judge(key, SECRET, code_at(NOW), NOW).key.wrong_at == ()


@given(some.text(max_size=20))
def test_e24_what_is_not_six_digits_counts_neither_way(typed: str) -> None:
    judged = judge(DANA, SECRET, typed, NOW)
    if not judged.why:
        assert "".join(typed.split()) in {code_at(NOW, off_s) for off_s in (-30, 0, 30)}
    elif "six digits; type" in judged.why:
        assert judged.key == DANA
    else:
        assert judged.key.wrong_at == (NOW,)


def test_e24_a_code_may_be_typed_with_a_space_in_it() -> None:
    code = code_at(NOW)
    assert judge(DANA, SECRET, f" {code[:3]} {code[3:]} ", NOW).why == ""
