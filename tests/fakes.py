"""Stand-ins for the outside that tests own: the time, and a store in a temporary folder."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.store.store import Store, StoreLimits

DATABASES: dict[Path, str] = {}
"""The database of a folder, where it is not a file in it."""
T0 = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until it is told; its tokens count up."""

    def __init__(self, now: datetime = T0) -> None:
        self._now = now
        self._tokens = 0

    def now(self) -> datetime:
        return self._now

    def token(self, size_bytes: int = 16) -> str:
        self._tokens += 1
        return f"{self._tokens:0{2 * size_bytes}x}"

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@asynccontextmanager
async def open_store(
    folder: Path, clock: FakeClock | None = None, limits: StoreLimits | None = None
) -> AsyncGenerator[Store]:
    """Open the folder's database; opening the folder again finds what was stored."""
    async with Store.open(url_of(folder), clock or FakeClock(), limits) as store:
        yield store


def url_of(folder: Path) -> str:
    """Return the address of the folder's database: `bot.db` in it, if nothing else was said."""
    return DATABASES.get(folder, f"sqlite:///{folder}/bot.db")
