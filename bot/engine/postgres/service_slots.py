"""Places a service has in this process: a few investigate, and the rest comes later."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager


class ServiceSlots:
    """Keeps the investigations of one service from taking every place of the process.

    Nobody waits for a place: whoever waited would hold the lock of its incident meanwhile, and
    with it what a human decides about that incident.
    """

    def __init__(self, each: int) -> None:
        self._each = each
        self._inside: Counter[str] = Counter()

    def is_full(self, service: str) -> bool:
        """Tell whether one more had better be tried later, or elsewhere."""
        return self._inside[service] >= self._each

    @contextmanager
    def place(self, service: str) -> Generator[None]:
        """Hold a place; look first whether there is one."""
        self._inside[service] += 1
        try:
            yield
        finally:
            self._inside[service] -= 1
            if not self._inside[service]:
                del self._inside[service]
