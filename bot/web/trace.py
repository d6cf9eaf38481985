"""The headers of a request as text, and in them the caller's W3C trace id (G-12)."""

import re
from collections.abc import Mapping

from starlette.types import Scope

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers of an ASGI request, names in lower case; of a repeated one, the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def trace_id(headers: Mapping[str, str]) -> str:
    """Return the trace id of a well-formed `traceparent` header, else an empty string."""
    given = headers.get("traceparent")
    found = _TRACEPARENT.fullmatch(given) if given else None
    return found[1] if found and found[1].strip("0") else ""
