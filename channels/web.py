"""The web as a channel: its pages are drawn from the log, so a card is posted once it is there."""

# ruff: noqa: ARG001, ARG002 - the port gives more than a page needs

import re
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bot.incident.card import Card
from bot.ports import Inbox, Limits
from bot.shelf import ChannelDeclaration, Needs

ACTORS_MAX = 1000
TOLD_MAX = 5
NOT_IN_ANCHOR = re.compile(r"[^A-Za-z0-9_-]+")


class WebChannel:
    """Implements ports.Channel over pages that need no posting.

    What it tells one person waits in memory for their next page, and is lost on a restart.
    """

    name = "web"
    limits = Limits()

    def __init__(self) -> None:
        self._told: dict[str, deque[str]] = {}

    async def open(self, conversation: str, card: Card, key: str) -> str:
        """Return the incident's page."""
        return f"/incidents/{key.partition('/')[0]}"

    async def reply(self, address: str, card: Card, key: str) -> str:
        """Return the anchor of the card on the incident's page."""
        return anchor(address, key)

    async def update(self, address: str, message_id: str, card: Card) -> None:
        """Return at once: the page shows the newest state by itself."""

    async def tell(self, actor: str, address: str, text: str) -> None:
        """Keep the text for the person's next page; the oldest of many is forgotten."""
        told = self._told.pop(actor, None) or deque(maxlen=TOLD_MAX)
        told.append(text)
        self._told[actor] = told
        while len(self._told) > ACTORS_MAX:
            del self._told[next(iter(self._told))]

    def told(self, actor: str) -> list[str]:
        """Return what the person was told since they last asked, oldest first, and forget it."""
        return list(self._told.pop(actor, ()))

    async def find(self, address: str, key: str) -> str | None:
        """Return the page or the anchor: whatever is in the log is on the page."""
        page, _, card = key.partition("/")
        return f"/incidents/{page}" if card in {"", "root"} else anchor(address, key)

    async def run(self, inbox: Inbox) -> None:
        """Return at once: the pages have routes of their own."""


def anchor(address: str, key: str) -> str:
    """Return where on the page the card of `key` stands: `/incidents/INC-1#proposal-7F3KQ2AB-1`."""
    card = key.partition("/")[2] or key
    return f"{address}#{NOT_IN_ANCHOR.sub('-', card)}"


@asynccontextmanager
async def _open(needs: Needs) -> AsyncGenerator[WebChannel]:
    yield WebChannel()


web = ChannelDeclaration(name="web", open=_open)
