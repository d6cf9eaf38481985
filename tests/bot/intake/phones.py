"""Authenticator apps: a secret that was enrolled, and the codes a phone shows for it."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyotp.totp import TOTP

from bot.intake.totp import Totp
from tests import fakes
from tests.bot.engine.house import House, totp_of
from tests.fakes import FakeClock

SESSION = "a-session"


@dataclass(frozen=True)
class Phone:
    """Shows codes of its secret by the test's clock; `off_s` is how far its own clock is off."""

    secret: str
    clock: FakeClock
    off_s: int = 0

    def code(self, off_s: int = 0) -> str:
        at = int(self.clock.now().timestamp()) + self.off_s + off_s
        return TOTP(self.secret).at(at)


async def enrolled(totp: Totp, clock: FakeClock, person: str = "dana") -> Phone:
    """Set a person's codes up, and wait until the code that did it is spent no more."""
    phone = Phone((await totp.offer(person, SESSION)).secret, clock)
    await totp.confirm(person, SESSION, phone.code(), "")
    clock.advance(30)
    return phone


async def phone_of(house: House, person: str = "dana") -> Phone:
    """Enrol a person of the house."""
    return await enrolled(totp_of(house.world, house.store), house.world.clock, person)


@contextmanager
def database_in(folder: Path, url: str) -> Generator[Path]:
    """Make `open_house(folder)` mean the database of that address."""
    fakes.DATABASES[folder] = url
    yield folder
    del fakes.DATABASES[folder]
