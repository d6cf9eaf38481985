"""A channel in memory: what was posted can be read, and it fails when it is told to."""

import asyncio
from dataclasses import dataclass, field

from bot.errors import BotError, ConversationLost, RemoteError
from bot.incident.card import Card
from bot.ports import Inbox, Limits


@dataclass
class Message:
    """One message as readers see it: its newest card, and how often it was edited."""

    id: str
    key: str
    address: str
    card: Card
    edits: int = 0


@dataclass
class FakeChannel:
    """Implements ports.Channel.

    `failures` are raised one a call, in order; None lets a call through. With `posts_first` the
    message is posted before the failure: an ambiguous time-out. While `gate` is set, calls hang
    until somebody sets the event.
    """

    name: str = "fake"
    limits: Limits = field(default_factory=Limits)
    failures: list[BotError | None] = field(default_factory=list[BotError | None])
    posts_first: bool = False
    gate: asyncio.Event | None = None
    messages: list[Message] = field(default_factory=list[Message])
    places: list[str] = field(default_factory=list[str])
    calls: list[str] = field(default_factory=list[str])
    told: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    gone: set[str] = field(default_factory=set[str])

    def by_key(self, key: str) -> list[Message]:
        return [message for message in self.messages if message.key == key]

    async def open(self, conversation: str, card: Card, key: str) -> str:
        self.places.append(conversation)
        number = sum(message.id == message.address for message in self.messages) + 1
        address = f"place-{number}"
        await self._call("open", Message(address, key, address, card))
        return address

    async def reply(self, address: str, card: Card, key: str) -> str:
        self._standing(address)
        message = Message(f"{address}/{len(self.messages)}", key, address, card)
        await self._call("reply", message)
        return message.id

    async def update(self, address: str, message_id: str, card: Card) -> None:
        self._standing(address)
        await self._call("update", None)
        (found,) = [one for one in self.messages if one.id == (message_id or address)]
        found.card, found.edits = card, found.edits + 1

    async def tell(self, actor: str, address: str, text: str) -> None:
        await self._call("tell", None)
        self.told.append((actor, text))

    async def find(self, address: str, key: str) -> str | None:
        await self._call("find", None)
        return next((message.id for message in self.messages if message.key == key), None)

    async def run(self, inbox: Inbox) -> None:
        return

    def _standing(self, address: str) -> None:
        if address in self.gone:
            raise ConversationLost(f"{address} is archived")

    async def _call(self, name: str, message: Message | None) -> None:
        self.calls.append(name)
        if self.gate is not None:
            await self.gate.wait()
        failure = self.failures.pop(0) if self.failures else None
        if message is not None and (failure is None or self.posts_first):
            self.messages.append(message)
        if failure is not None:
            raise failure


def timed_out() -> RemoteError:
    return RemoteError("fake", "no answer")


def answered(status: int, retry_after_s: float | None = None) -> RemoteError:
    return RemoteError("fake", f"HTTP {status}", status, retry_after_s=retry_after_s)
