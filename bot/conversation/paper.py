"""A Paper: a document about one incident, before any markup; Markdown and pages draw it. Pure."""

from dataclasses import dataclass
from datetime import datetime

from bot.incident.card import Trust

Front = str | int | bool | datetime | tuple[str, ...] | None
"""What one key of the front matter may hold; None says that it is not known."""


@dataclass(frozen=True, slots=True)
class Bit:
    """A run of text on one line. Whatever its trust, its text is data: no markup is in it.

    `path` is one of our own pages it leads to, "" for none. `code`: a hash, an id, an argument.
    """

    text: str
    path: str = ""
    trust: Trust = "ours"
    code: bool = False


Row = tuple[Bit, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph."""

    row: Row


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list, in order; empty lists are not made."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Subtitle:
    """The heading of what follows, inside a section."""

    row: Row


@dataclass(frozen=True, slots=True)
class Gap:
    """A place that is left for humans, and what they are asked to write there."""

    prompt: str


Part = Passage | Bullets | Subtitle | Gap


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading of ours, and what stands below it."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class FrontMap:
    """A map in the front matter, in order."""

    pairs: tuple[tuple[str, Front], ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """The whole document. `front` is its front matter, in order."""

    incident: str
    title: Row
    front: tuple[tuple[str, Front | FrontMap], ...]
    sections: tuple[Chapter, ...]


def said(text: str, trust: Trust = "outside") -> Bit:
    """Return somebody else's words."""
    return Bit(text, trust=trust)


def coded(text: str) -> Bit:
    """Return a hash, an id or an argument."""
    return Bit(text, trust="outside", code=True)
