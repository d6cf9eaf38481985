"""The real clock and the real dice; tests bring their own."""

import os
from datetime import UTC, datetime

POOL_BYTES = 1024
"""Random bytes are fetched in this amount: one system call serves many tokens."""


class SystemClock:
    """Implements ports.Clock on the machine's clock and the operating system's randomness."""

    def __init__(self) -> None:
        self._pool = b""
        os.register_at_fork(after_in_child=self._forget)

    def now(self) -> datetime:
        """Return the aware UTC time."""
        return datetime.now(UTC)

    def token(self, size_bytes: int = 16) -> str:
        """Return `size_bytes` random bytes as hex; no byte is ever given out twice."""
        if len(self._pool) < size_bytes:
            self._pool = os.urandom(max(POOL_BYTES, size_bytes))
        given, self._pool = self._pool[:size_bytes], self._pool[size_bytes:]
        return given.hex()

    def _forget(self) -> None:
        """A forked process must not give out the same bytes as its parent."""
        self._pool = b""
