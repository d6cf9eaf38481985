"""Handing out the log: read twice, so that what is handed out is recorded before its first byte."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable

from bot.app.export_file import FORMAT, Header, Trailer, line_of, trailer_of, written
from bot.app.key import Key
from bot.errors import NotFoundError
from bot.incident.events import stamp
from bot.ports import Excerpt
from bot.store.excerpt import Excerpts, StoredEvent
from bot.version import VERSION

Record = Callable[[Trailer], Awaitable[None]]


async def hand_out(
    excerpts: Excerpts, key: Key | None, excerpt: Excerpt, record: Record
) -> AsyncIterator[bytes]:
    """Return the pieces of an export, once `record` was given what its last line says.

    The same log gives the same bytes; events that come meanwhile are not in it.

    Raises:
        NotFoundError: There is no such incident.
        BusyError: The database is away, or it could not be recorded.
    """
    through = await excerpts.newest(excerpt)
    if excerpt.incident and not through and not await excerpts.newest(Excerpt(excerpt.incident)):
        raise NotFoundError(f"there is no {excerpt.incident}")
    heads = await excerpts.heads(excerpt, through)
    header = written(
        Header(
            triagebot_audit=FORMAT,
            version=VERSION,
            key=key.id if key is not None else "",
            incident=excerpt.incident,
            since="" if excerpt.since is None else stamp(excerpt.since),
            through=through,
            heads={name: f"{seq}:{hashed}" for name, (seq, hashed) in sorted(heads.items())},
        )
    )
    digest, events = hashlib.sha256(header), 0
    async for page in _pages(excerpts, excerpt, through):
        digest.update(_piece(page))
        events += len(page)
    trailer = trailer_of(key, events, len(heads), digest.hexdigest())
    await record(trailer)
    return _pieces(excerpts, excerpt, through, header, written(trailer))


async def _pieces(
    excerpts: Excerpts, excerpt: Excerpt, through: int, header: bytes, trailer: bytes
) -> AsyncIterator[bytes]:
    yield header
    async for page in _pages(excerpts, excerpt, through):
        yield _piece(page)
    yield trailer


async def _pages(
    excerpts: Excerpts, excerpt: Excerpt, through: int
) -> AsyncIterator[list[StoredEvent]]:
    after = 0
    while page := await excerpts.page(excerpt, after, through):
        yield page
        after = page[-1].row


def _piece(page: list[StoredEvent]) -> bytes:
    return b"".join(written(line_of(event)) for event in page)
