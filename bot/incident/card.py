"""A Card: what channels draw. Typed parts and trust, no markup of any channel inside."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from bot.incident.model import Link, Severity, Value

Trust = Literal["ours", "outside", "model"]
"""Who wrote a text: our code, the outside world (data!), or a model (not verified)."""

CardKind = Literal["root", "finding", "proposal", "question", "notice", "result"]
Verb = Literal[
    "approve", "deny", "edit", "details", "answer", "undo", "renew", "reconcile", "judge", "ack",
    "pause", "resume", "snooze", "escalate", "handoff",
]  # fmt: skip
Confirm = Literal["none", "dialog", "typed"]


class Text(Value):
    """A run of characters and who wrote it."""

    kind: Literal["text"] = "text"
    value: str
    trust: Trust = "ours"


class Code(Value):
    """Characters to be shown as they are, monospaced: arguments, previews, log lines."""

    kind: Literal["code"] = "code"
    value: str
    trust: Trust = "ours"
    title: str = ""


class Table(Value):
    """Rows under headings; every row has as many cells as there are headings."""

    kind: Literal["table"] = "table"
    headings: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]


class Items(Value):
    """A list; order matters."""

    kind: Literal["list"] = "list"
    items: tuple[Text, ...]
    title: str = ""


class When(Value):
    """A moment, which a channel shows in the reader's time zone where it can."""

    kind: Literal["when"] = "when"
    at: datetime
    title: str


class Chart(Value):
    """A series drawn by a channel that can; `alt` says the same in words."""

    kind: Literal["chart"] = "chart"
    title: str
    evidence: str
    alt: str


Block = Annotated[Text | Code | Table | Items | When | Chart, Field(discriminator="kind")]


class Control(Value):
    """Something a human can do. A channel sends back verb, proposal, revision and digest12.

    `value` carries an answer option or a judgement; `accessible` names the action in words.
    """

    verb: Verb
    label: str
    proposal: str = ""
    revision: int = 0
    digest12: str = ""
    value: str = ""
    confirm: Confirm = "none"
    accessible: str = ""


class FactLine(Value):
    """A label of ours and what it stands for."""

    label: str
    text: Text


class Card(Value):
    """One message. `key` is stable for its place in the conversation, `version` rises with edits.

    `fallback` (≤ 300 characters) is the whole point in one line, for notifications and screen
    readers. A card that cannot show every parameter has no approve control. `mentions` are the
    actors (`channel:id`) whom code calls by name; a channel draws those of its own.
    """

    key: str
    version: int
    kind: CardKind
    title: str
    fallback: str = Field(max_length=300)
    severity: Severity
    state: str
    facts: tuple[FactLine, ...] = ()
    blocks: tuple[Block, ...] = ()
    controls: tuple[Control, ...] = ()
    links: tuple[Link, ...] = ()
    mentions: tuple[str, ...] = ()
    footer: str = ""
