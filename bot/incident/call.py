"""How humans are reached: a call, what became of it, a handover under way. Values only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

CallKind = Literal["proposal", "question", "incident"]


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody must be called; who it is, only the rota and people.yaml know.

    `about` is the id of the proposal or question that waits, "" for the incident itself. Level 1
    is who is on call, 2 and up are the levels above. `why` says in our words what nobody did.
    `also` are persons to be called besides.
    """

    kind: CallKind
    level: int
    why: str
    about: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Called:
    """A call that was made. `persons` were named, `quiet` were left in peace (quiet hours).

    `last` means that nobody is above. `by` is the person who wanted it, "" for the clock.
    """

    at: datetime
    seq: int
    level: int
    about: str = ""
    to: str = ""
    persons: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    why: str = ""
    last: bool = False
    by: str = ""

    @property
    def missed(self) -> bool:
        """True when everybody it meant has quiet hours: the next level is called at once."""
        return bool(self.quiet) and not self.persons


@dataclass(frozen=True, slots=True)
class Handoff:
    """Somebody was asked to take over and has not accepted yet."""

    to: str
    by: str
    at: datetime
    seq: int
    note: str = ""
    reminded_at: datetime | None = None
