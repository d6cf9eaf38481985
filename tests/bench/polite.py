"""`triagebot serve` with one more channel: it takes one new message a second a place, else 429.

A program of its own, so that the channel is on the shelf before the bot opens it. It writes what
it was asked into `CALLS` in its working folder, a line of JSON a call.
"""

import json
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TextIO

from bot.cli import main
from bot.errors import RemoteError
from bot.incident.card import Card
from bot.ports import Inbox, Limits
from bot.shelf import ChannelDeclaration, Needs
from channels import CHANNELS

NAME = "polite"
CALLS = "calls.jsonl"
EVERY_S = 1.0


class PoliteChannel:
    """Implements ports.Channel: one new message in `EVERY_S` a place; the address names both."""

    name = NAME
    limits = Limits(post_every_s=EVERY_S)

    def __init__(self, calls: TextIO) -> None:
        self._calls = calls
        self._posted_at: dict[str, float] = {}
        self._posted: dict[str, str] = {}

    async def open(self, conversation: str, card: Card, key: str) -> str:
        """Post the root card; the address is the place and the key."""
        self._post("open", conversation, f"{conversation}|{key}", key)
        return f"{conversation}|{key}"

    async def reply(self, address: str, card: Card, key: str) -> str:
        """Post a card; the message id is its key."""
        self._post("reply", address.partition("|")[0], address, key)
        return key

    async def update(self, address: str, message_id: str, card: Card) -> None:
        """Count an edit; it is not refused."""
        self._note("edit", address, message_id)

    async def tell(self, actor: str, address: str, text: str) -> None:
        """Count a word to one person."""
        self._note("tell", address, actor)

    async def find(self, address: str, key: str) -> str | None:
        """Return the message posted under the key."""
        return self._posted.get(key)

    async def run(self, inbox: Inbox) -> None:
        """Return at once: nobody answers here."""

    def _post(self, kind: str, place: str, address: str, key: str) -> None:
        now = time.monotonic()
        free_at = self._posted_at.get(place, float("-inf")) + EVERY_S
        if now < free_at:
            self._note("refused", address, key)
            raise RemoteError(self.name, "HTTP 429", 429, retry_after_s=free_at - now)
        self._posted_at[place] = now
        self._posted[key] = address if kind == "open" else key
        self._note(kind, address, key)

    def _note(self, kind: str, address: str, key: str) -> None:
        said = {"kind": kind, "at": time.time(), "address": address, "key": key}
        self._calls.write(f"{json.dumps(said)}\n")


@asynccontextmanager
async def _open(needs: Needs) -> AsyncGenerator[PoliteChannel]:
    with open(CALLS, "a", buffering=1) as calls:  # noqa: ASYNC230, PTH123 - once, at start
        yield PoliteChannel(calls)


if __name__ == "__main__":
    CHANNELS[NAME] = ChannelDeclaration(NAME, _open)
    sys.exit(main())
