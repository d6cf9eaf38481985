"""A request's body, read whole and no further than allowed: bounded in bytes and in time."""

import asyncio
from collections.abc import Mapping

from starlette.types import Receive

from bot.errors import OversizeError

BODY_S = 30.0
"""A body that is not here after this time is not waited for; a slow sender holds no memory."""


class Gone(Exception):  # noqa: N818 - not an error: the sender hung up
    """The sender closed the connection before its body was complete."""


async def read_body(
    receive: Receive, headers: Mapping[str, str], cap: int, mend: str, within_s: float = BODY_S
) -> bytes:
    """Return the body; stops reading the moment it is known to be larger than `cap` bytes.

    Args:
        receive: As ASGI hands it over.
        headers: Names in lower case.
        cap: Largest body.
        mend: What the sender is told to do about a larger one.
        within_s: Seconds for the whole of it.

    Raises:
        OversizeError: It is larger, or says that it is.
        TimeoutError: It did not come in time.
        Gone: The sender hung up.
    """
    declared = headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > cap):
        raise _too_large(cap, mend)
    chunks: list[bytes] = []
    size = 0
    async with asyncio.timeout(within_s):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > cap:
                raise _too_large(cap, mend)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def expected_bytes(headers: Mapping[str, str], cap: int) -> int:
    """Return how much memory a body may take: what it declares, or else the most it may have."""
    declared = headers.get("content-length", "")
    return min(int(declared), cap) if declared.isdecimal() and len(declared) <= 18 else cap


def _too_large(cap: int, mend: str) -> OversizeError:
    return OversizeError(f"the body is larger than {cap} bytes; {mend}")
