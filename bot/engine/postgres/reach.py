"""How long a connection of ours waits for a server that does not answer; no query's own limit."""

from typing import Any

REACH: dict[str, Any] = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 6000,
}
