"""The web as a channel: its pages are drawn from the log, so a card is posted once it is there."""

# ruff: noqa: ARG001, ARG002 - the port gives more than a page needs

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bot.incident.card import Card
from bot.ports import Inbox, Limits
from bot.shelf import ChannelDeclaration, Needs

NOT_IN_ANCHOR = re.compile(r"[^A-Za-z0-9_-]+")


class WebChannel:
    """Implements ports.Channel over pages that need no posting; it keeps nothing."""

    name = "web"
    limits = Limits()

    async def open(self, conversation: str, card: Card, key: str) -> str:
        """Return the incident's page."""
        return f"/incidents/{key.partition('/')[0]}"

    async def reply(self, address: str, card: Card, key: str) -> str:
        """Return the anchor of the card on the incident's page."""
        return anchor(address, key)

    async def update(self, address: str, message_id: str, card: Card) -> None:
        """Return at once: the page shows the newest state by itself."""

    async def tell(self, actor: str, address: str, text: str) -> None:
        """Return at once: whoever acts on a page is told by the page's own answer."""

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
