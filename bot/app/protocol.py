"""uvicorn's HTTP protocol with a bounded head: bytes and seconds; uvicorn itself bounds neither."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_MAX_BYTES = 64 * 1024
HEAD_S = 20.0
"""A connection that has not sent a whole head after this time is closed; it holds a place."""


class BoundedProtocol(HttpToolsProtocol):
    """Refuses a head (or trailers) without an end, and a connection that does not say anything."""

    _unheard_bytes = 0
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect a head."""
        super().connection_made(transport)  # pyright: ignore[reportArgumentType]
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._heard()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse; refuse when too much came without completing anything."""
        self._unheard_bytes += len(data)
        super().data_received(data)
        if self._unheard_bytes > HEAD_MAX_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of this request is too large.")

    def on_message_begin(self) -> None:
        """Expect a head."""
        super().on_message_begin()
        self._expect()

    def on_headers_complete(self) -> None:
        """Be content with the head."""
        self._heard()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Be content with a part of the body: whoever reads it bounds it."""
        self._unheard_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Be content with the message."""
        self._unheard_bytes = 0
        super().on_message_complete()

    def _expect(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEAD_S, self.transport.close)

    def _heard(self) -> None:
        self._unheard_bytes = 0
        if self._late is not None:
            self._late.cancel()
            self._late = None
