"""How humans are reached and how they answer: Channel, Inbox, and what crosses them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import JsonValue

from bot.incident.card import Card
from bot.incident.form import Form

Intent = Literal["decide", "command", "message", "ask", "answer", "edit"]
Standing = Literal["member", "guest", "bot", "deleted"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a human said through a channel, already authentic.

    `actor` is `channel:id`. `delivery_id` dedupes redeliveries ("" when the channel has none).
    `intent` names which of the fields below count:
      decide   proposal (id or ≥ 4 chars), verdict, revision/digest12 (0/"" when typed), reason
      command  text (the words after /triage)
      message  incident, text
      ask      incident, text: a question put to the bot, as by its name in a conversation
      answer   incident, question, text
      edit     proposal, revision/digest12 as the form showed them, args, reason (may be empty)
    `person` is set only by surfaces that know the Person already (page session, API token).
    `standing` is what the channel's platform says of the account: a guest, a bot or a deleted
    account never counts, whoever it is linked to (E-25).
    `shown` is the digest of the card that was before the person ("" where nobody knows, E-42).
    `code` is a one-time code by which the person proves anew who they are (E-24); only the pages
    and the API carry one.
    """

    actor: str
    channel: str
    delivery_id: str
    intent: Intent
    payload_digest: str = ""
    person: str = ""
    standing: Standing = "member"
    code: str = ""
    incident: str = ""
    proposal: str = ""
    revision: int = 0
    digest12: str = ""
    shown: str = ""
    verdict: str = ""
    reason: str = ""
    question: str = ""
    text: str = ""
    args: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])


OutcomeKind = Literal["done", "already", "refused", "unknown", "busy"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the human is told; `kind` picks tone and status code. Text has no markup."""

    text: str
    kind: OutcomeKind
    incident: str = ""
    proposal: str = ""


class Inbox(Protocol):
    """The one way in for what humans say."""

    async def reply(self, reply: Reply) -> Outcome:
        """Do what the human said, if they may; never raises for what a human can cause."""
        ...

    async def form(self, reply: Reply) -> Form | Outcome:
        """Return the form to edit the reply's proposal with; an Outcome says why there is none.

        `bot.incident.form.filled_in` makes the `args` of an edit from the form and the answers.
        """
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel can show, and how often it may be spoken to; 0 means no limit.

    `post_every_s` is the least time between two new messages in one of its places.
    """

    text_chars: int = 0
    blocks: int = 0
    controls: int = 0
    edits: bool = True
    post_every_s: float = 0.0


class Channel(Protocol):
    """A place where humans are reached and answer. It translates and decides nothing.

    All methods raise `RemoteError` (retryable or not) or `ConversationLost`.
    """

    name: str
    limits: Limits

    async def open(self, conversation: str, card: Card, key: str) -> str:
        """Post the root card in the place `conversation` (may be empty); return the address."""
        ...

    async def reply(self, address: str, card: Card, key: str) -> str:
        """Post a card in the conversation; return the message id."""
        ...

    async def update(self, address: str, message_id: str, card: Card) -> None:
        """Replace a card that was posted; `message_id` empty means the root card."""
        ...

    async def tell(self, actor: str, address: str, text: str) -> None:
        """Tell one person something, unseen by others where the platform can."""
        ...

    async def find(self, address: str, key: str) -> str | None:
        """Return the message id of a card posted under `key`, after an ambiguous time-out."""
        ...

    async def run(self, inbox: Inbox) -> None:
        """Hear humans until cancelled; returns at once for a channel that only has routes."""
        ...
