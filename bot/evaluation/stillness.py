"""A clock and a dispatcher that do nothing by themselves: whoever plays moves them."""

from datetime import datetime


class MovedClock:
    """Stands still until it is moved; its tokens count up, so a play is the same each time."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._tokens = 0

    def now(self) -> datetime:
        """Return the aware UTC time."""
        return self._now

    def token(self, size_bytes: int = 16) -> str:
        """Return the next number as hex."""
        self._tokens += 1
        return f"{self._tokens:0{2 * size_bytes}x}"

    def move(self, to: datetime) -> None:
        """Go on to this time, never back."""
        self._now = max(self._now, to)


class Quiet:
    """A dispatcher that only remembers who was woken: the player drives, one at a time."""

    busy = 0

    def __init__(self) -> None:
        self.woken: dict[str, None] = {}

    def wake(self, incident: str) -> None:
        """Remember it."""
        self.woken[incident] = None

    async def run(self) -> None:
        """Do nothing."""

    async def stop(self, grace_s: float) -> None:
        """Do nothing."""
        _ = grace_s
