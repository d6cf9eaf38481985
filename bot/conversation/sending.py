"""Sends one move through a channel so that a kill or a time-out never posts it twice (E-15)."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from bot.conversation.plan import ROOT, Move
from bot.errors import RemoteError
from bot.ports import Channel, Post, Posts

T = TypeVar("T")


class Sender:
    """The post row says what was begun before the channel is asked, and what came of it after."""

    def __init__(self, channel: Channel, posts: Posts, call_s: float) -> None:
        self._channel = channel
        self._posts = posts
        self._call_s = call_s

    async def send(self, incident: str, place: str, move: Move, before: Post | None) -> Post:
        """Make the move and return its post as it was stored.

        Args:
            incident: The incident's id.
            place: The conversation's address; for the root card the place to open it in.
            move: What to send.
            before: The post as known so far.

        Raises:
            ConversationLost: The place is gone.
            RemoteError: The channel failed or refused; nothing was noted as posted.
        """
        if move.kind == "update":
            await self._update(place, move, move.message_id)
            return await self._note(incident, Post(move.key, move.message_id, move.version))
        found = await self._found(incident, place, move)
        if found:
            noted = before.version if before is not None else ""
            if noted != move.version:
                await self._update(found if move.key == ROOT else place, move, found)
            return await self._note(incident, Post(move.key, found, move.version))
        await self._note(incident, Post(move.key, "", move.version))
        try:
            message_id = await self._posted(incident, place, move)
        except RemoteError as error:
            if _surely_not_posted(error):
                await self._note(incident, Post(move.key, "", ""))
            raise
        return await self._note(incident, Post(move.key, message_id, move.version))

    async def _found(self, incident: str, place: str, move: Move) -> str:
        """Return the message an earlier, interrupted try may have posted; empty when none."""
        if not move.unsure:
            return ""
        return await self._asked(self._channel.find(place, _name(incident, move))) or ""

    async def _posted(self, incident: str, place: str, move: Move) -> str:
        key = _name(incident, move)
        if move.kind == "open":
            return await self._asked(self._channel.open(place, move.card, key))
        return await self._asked(self._channel.reply(place, move.card, key))

    async def _update(self, address: str, move: Move, message_id: str) -> None:
        edited = "" if move.key == ROOT else message_id
        await self._asked(self._channel.update(address, edited, move.card))

    async def _note(self, incident: str, post: Post) -> Post:
        await self._posts.save_post(incident, self._channel.name, post)
        return post

    async def _asked(self, answer: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._call_s):
                return await answer
        except TimeoutError:
            text = f"no answer in {self._call_s:g} s"
            raise RemoteError(self._channel.name, text) from None


def _name(incident: str, move: Move) -> str:
    """Return the key a channel knows the message by; one of its kind in the whole bot."""
    return f"{incident}/{move.key}"


def _surely_not_posted(error: RemoteError) -> bool:
    """True when the channel answered and refused, or was certainly never reached."""
    return not error.sent or (error.status is not None and error.status < 500)
