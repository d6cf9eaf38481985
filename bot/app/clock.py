"""The real clock and the real dice; tests bring their own."""

import secrets
from datetime import UTC, datetime


class SystemClock:
    """Implements ports.Clock on the machine's clock and the operating system's randomness."""

    def now(self) -> datetime:
        """Return the aware UTC time."""
        return datetime.now(UTC)

    def token(self, size_bytes: int = 16) -> str:
        """Return `size_bytes` random bytes as hex."""
        return secrets.token_hex(size_bytes)
