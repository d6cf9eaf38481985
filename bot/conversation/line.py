"""A Line: one event of a timeline worded for humans, before any markup."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from bot.incident.fact import Fact

Kind = Literal["alert", "look", "agent", "human", "action", "good", "bad", "bot"]
"""What sort of thing happened; the page shows it as a word and a mark, never colour alone."""

LABELS: dict[Kind, str] = {
    "alert": "Alert",
    "look": "Look",
    "agent": "Agent",
    "human": "Human",
    "action": "Action",
    "good": "Done",
    "bad": "Problem",
    "bot": "Bot",
}


@dataclass(frozen=True, slots=True)
class Line:
    """What happened in one sentence of ours; `quote` is text of others, shown as such.

    `evidence`, `proposal` and `incident` are ids the page links to. `routine` lines are of
    interest only to whoever looks into the machinery.
    """

    kind: Kind
    text: str
    quote: str = ""
    evidence: tuple[str, ...] = ()
    proposal: str = ""
    incident: str = ""
    routine: bool = False


F = TypeVar("F", bound=Fact)
Wording = Callable[[Fact], Line]


def worded(cls: type[F], how: Callable[[F], Line]) -> tuple[type[Fact], Wording]:
    """Return an entry of the table: a fact's class and how it is worded, typed as one pair."""
    return cls, cast("Wording", how)


def some(names: tuple[str, ...] | list[str], most: int = 3) -> str:
    """Return the first names in words, and how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
