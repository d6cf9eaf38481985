"""One-time codes after RFC 6238: whether one counts, and what is kept afterwards. Pure."""

import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pyotp.totp import TOTP

from bot.intake.wording import clock_time
from bot.ports import StepUpKey

STEP_S = 30
WINDOW = 1
"""Time steps a clock may be off, either way."""
FAR = 20
"""Time steps, either way, within which a code is told to be of another time, not just wrong."""
WRONG_MAX = 5
WRONG_IN = timedelta(minutes=5)
LOCKED = timedelta(minutes=5)
SIX_DIGITS = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one code.

    `key` is to be kept from now on, whatever `why` says: empty when the code counts (its time step
    is `key.spent` then), else a sentence. `locks` marks the wrong code that was one too many.
    """

    key: StepUpKey
    why: str = ""
    locks: bool = False


def judge(key: StepUpKey, secret: str, code: str, now: datetime) -> Judged:
    """Judge a code of `secret` given at `now`; each time step counts once, and only forward.

    Five wrong codes in five minutes lock for five minutes; then not even the right one counts.
    """
    if key.locked_until is not None and now < key.locked_until:
        return Judged(key, locked_words(key.locked_until))
    typed = re.sub(r"\s", "", code)
    if not SIX_DIGITS.fullmatch(typed):
        return Judged(key, "A one-time code is six digits; type those your app shows now.")
    step = time_step_of(secret, typed, now)
    here = int(now.timestamp()) // STEP_S
    if step is None or abs(step - here) > WINDOW:
        return _missed(key, now, None if step is None else step - here)
    if step <= key.spent:
        why = f"That one-time code was used already. Wait for the next one, up to {STEP_S} s."
        return Judged(key, why)
    return Judged(replace(key, spent=step, wrong_at=(), locked_until=None))


def time_step_of(secret: str, typed: str, now: datetime) -> int | None:
    """Return the time step near `now` that the code is of, the nearest first; None: of none."""
    made = TOTP(secret, interval=STEP_S)
    here = int(now.timestamp()) // STEP_S
    for step in sorted(range(here - FAR, here + FAR + 1), key=lambda one: abs(one - here)):
        if step >= 0 and hmac.compare_digest(made.generate_otp(step), typed):
            return step
    return None


def locked_words(until: datetime) -> str:
    """Return why no code is looked at, and until when."""
    return f"Too many wrong one-time codes. They are looked at again at {clock_time(until)}."


def _missed(key: StepUpKey, now: datetime, off: int | None) -> Judged:
    wrong_at = (*(at for at in key.wrong_at if at > now - WRONG_IN), now)
    if len(wrong_at) >= WRONG_MAX:
        until = now + LOCKED
        locked = replace(key, wrong_at=(), locked_until=until)
        return Judged(locked, locked_words(until), locks=True)
    if off is None:
        why = "That one-time code is wrong. Type the six digits your app shows now for triagebot."
    else:
        side = "ahead of our clock" if off > 0 else "old"
        why = (
            f"That one-time code is about {abs(off) * STEP_S} s {side}. Type the one shown now; "
            "if you did, let your phone set its clock by itself."
        )
    return Judged(replace(key, wrong_at=wrong_at, locked_until=None), why)
