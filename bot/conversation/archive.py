"""Reads a thread and writes a document about it: the timeline, or the draft of a postmortem."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from bot.conversation.paper import Paper
from bot.conversation.permalink import Permalinks
from bot.conversation.postmortem import postmortem_markdown, postmortem_paper, timeline_markdown
from bot.errors import NotFoundError
from bot.incident.events import Event
from bot.ports import Log

T = TypeVar("T")
Writer = Callable[[Sequence[Event], Permalinks], T]


class Archive:
    """The `Papers` port over the log. One document is made at a time: a long thread is much."""

    def __init__(self, log: Log, public_url: str) -> None:
        self._log = log
        self._base_url = public_url.rstrip("/")
        self._turn = asyncio.Lock()

    async def timeline(self, incident: str) -> str:
        """Return the timeline as Markdown.

        Raises:
            NotFoundError: There is no such incident.
        """
        return await self._made(incident, timeline_markdown)

    async def postmortem(self, incident: str) -> str:
        """Return the draft of a postmortem as Markdown.

        Raises:
            NotFoundError: There is no such incident.
        """
        return await self._made(incident, postmortem_markdown)

    async def paper(self, incident: str) -> tuple[Paper, str]:
        """Return the draft of a postmortem before any markup, and as Markdown.

        Raises:
            NotFoundError: There is no such incident.
        """
        return await self._made(
            incident,
            lambda events, links: (
                postmortem_paper(events, links),
                postmortem_markdown(events, links),
            ),
        )

    async def _made(self, incident: str, write: Writer[T]) -> T:
        async with self._turn:
            seq, head = (await self._log.heads(incident)).get(incident, (0, ""))
            events = await self._log.load(incident, 0, seq or None)
            links = Permalinks(self._base_url, head)
            try:
                return await asyncio.to_thread(write, events, links)
            except ValueError:
                raise NotFoundError(f"There is no {incident}.") from None
