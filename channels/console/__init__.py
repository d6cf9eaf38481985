"""The server's terminal as a channel: cards as plain text; humans decide by `triagebot approve`."""

# ruff: noqa: ARG002 - the port gives more than a terminal needs

from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TextIO

from bot.errors import RemoteError
from bot.incident.card import Card
from bot.ports import Inbox, Limits
from bot.shelf import ChannelDeclaration, Needs
from channels.console.text import render_line, render_text, visible

REMEMBERED = 2000
"""How many messages are remembered; a forgotten one is at worst printed again after a change."""


class ConsoleChannel:
    """Implements ports.Channel over a text stream. A terminal cannot edit: a change is a line."""

    name = "console"
    limits = Limits()

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._colours = stream.isatty()
        self._posted: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def open(self, conversation: str, card: Card, key: str) -> str:
        """Print the root card; the address is the incident's id."""
        address = key.partition("/")[0]
        self._print(render_text(card, address, colours=self._colours) + "\n")
        self._remember(address, "", card)
        self._remember(address, key, card)
        return address

    async def reply(self, address: str, card: Card, key: str) -> str:
        """Print the card; the message id is the key."""
        self._print(render_text(card, address, colours=self._colours) + "\n")
        self._remember(address, key, card)
        return key

    async def update(self, address: str, message_id: str, card: Card) -> None:
        """Print one line when the card's point has changed since it was printed."""
        if self._posted.get((address, message_id)) == card.fallback:
            return
        self._print(render_line(card, colours=self._colours))
        self._remember(address, message_id, card)

    async def tell(self, actor: str, address: str, text: str) -> None:
        """Print what one person is told, to whom."""
        self._print(f"to {visible(actor)}: {visible(text)}")

    async def find(self, address: str, key: str) -> str | None:
        """Return the id of what this process printed; None after a restart: it is printed again."""
        incident, _, card = key.partition("/")
        if (incident, key) not in self._posted:
            return None
        return incident if card == "root" else key

    async def run(self, inbox: Inbox) -> None:
        """Return at once: nobody types into the server's terminal."""

    def _remember(self, address: str, message_id: str, card: Card) -> None:
        self._posted[address, message_id] = card.fallback
        while len(self._posted) > REMEMBERED:
            self._posted.popitem(last=False)

    def _print(self, text: str) -> None:
        encoding = self._stream.encoding or "utf-8"
        safe = text.encode(encoding, "backslashreplace").decode(encoding)
        try:
            self._stream.write(f"{safe}\n")
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise RemoteError(self.name, f"cannot write: {error}", 400) from None


@asynccontextmanager
async def _open(needs: Needs) -> AsyncGenerator[ConsoleChannel | None]:
    yield ConsoleChannel(needs.console) if needs.console is not None else None


console = ChannelDeclaration(name="console", open=_open)
