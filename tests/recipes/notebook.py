"""A text file as a channel: one line a card, for whoever follows it with `tail -f`."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.incident.card import Card
from bot.ports import Inbox, Limits
from bot.shelf import ChannelDeclaration, Needs


class Notebook:
    """Implements ports.Channel over a file that only grows; nobody answers through it."""

    name = "notebook"
    limits = Limits(edits=False)

    def __init__(self, path: Path) -> None:
        self._path = path

    async def open(self, conversation: str, card: Card, key: str) -> str:
        """Write the root card; its address is its key."""
        return await self.reply(conversation, card, key)

    async def reply(self, address: str, card: Card, key: str) -> str:
        """Write a card after its key, by which it is found again."""
        _ = address
        self._write(f"{key} {card.fallback}")
        return key

    async def update(self, address: str, message_id: str, card: Card) -> None:
        """Write the newer state as another line."""
        self._write(f"{message_id or address} {card.fallback}")

    async def tell(self, actor: str, address: str, text: str) -> None:
        """Write what one person is told; whoever reads the file sees it."""
        self._write(f"to {actor} in {address}: {text}")

    async def find(self, address: str, key: str) -> str | None:
        """Return the key if a line of the file begins with it."""
        _ = address
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        return key if any(line.startswith(f"{key} ") for line in lines) else None

    async def run(self, inbox: Inbox) -> None:
        """Return at once: a file says nothing."""
        _ = inbox

    def _write(self, text: str) -> None:
        with self._path.open("a") as file:
            file.write("".join(char if char.isprintable() else " " for char in text) + "\n")


@asynccontextmanager
async def _open(needs: Needs) -> AsyncGenerator[Notebook | None]:
    path = needs.secret("NOTEBOOK_PATH")
    yield Notebook(Path(path)) if path else None


notebook = ChannelDeclaration(name="notebook", open=_open)
