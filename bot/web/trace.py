"""The correlation id of a request: the caller's W3C trace id, or none (G-12)."""

import re
from collections.abc import Mapping

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def trace_id(headers: Mapping[str, str]) -> str:
    """Return the trace id of a well-formed `traceparent` header, else an empty string."""
    given = headers.get("traceparent")
    found = _TRACEPARENT.fullmatch(given) if given else None
    return found[1] if found and found[1].strip("0") else ""
