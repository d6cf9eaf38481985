"""How a person proves anew who they are before high risk counts (E-24): the proof and its keys."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.incident.model import Verdict


@dataclass(frozen=True, slots=True)
class Claim:
    """What a proof is for: one person's verdict on the bytes of one proposal."""

    person: str
    proposal: str
    digest: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Proof:
    """The person proved anew who they are, for this claim and nothing else; `how` is totp."""

    claim: Claim
    how: str


@dataclass(frozen=True, slots=True)
class NoProof:
    """It was tried and did not hold; `why` is a sentence for the human and for the log."""

    why: str


class StepUp(Protocol):
    """A way to prove anew who one is. What proves it once proves nothing a second time."""

    async def ready(self, person: str) -> bool:
        """True when the person set it up."""
        ...

    async def prove(self, claim: Claim, code: str) -> Proof | NoProof:
        """Return the proof that `code`, given by the claim's person now, makes; or why none.

        Raises:
            BusyError: The database is away; nothing was spent.
        """
        ...


@dataclass(frozen=True, slots=True)
class Offer:
    """A secret that waits for a first code: as text to type, and as the address a phone reads."""

    secret: str
    uri: str


class Enrolment(Protocol):
    """Sets a person's step-up up, and takes it away. Every change is a fact on `house`."""

    async def ready(self, person: str) -> bool:
        """True when the person set it up."""
        ...

    async def offer(self, person: str, session: str) -> Offer:
        """Make a new secret for the person, good for this session and for ten minutes.

        Raises:
            BusyError: The database is away.
        """
        ...

    async def offered(self, person: str, session: str) -> Offer | None:
        """Return the secret that waits for its first code in this session; None when none does."""
        ...

    async def confirm(self, person: str, session: str, code: str, current: str) -> None:
        """Put the offered secret in force by a code of it.

        `current` is a code of the secret in force so far; not asked for when there is none.

        Raises:
            ForbiddenError: A code is wrong, spent, or there were too many wrong ones.
            InputError: No secret is offered in this session any more.
            BusyError: The database is away.
        """
        ...

    async def take_away(self, person: str, by: str) -> bool:
        """Forget the person's secret; False when there was none. `by` names who wants it so.

        Raises:
            BusyError: The database is away.
        """
        ...


@dataclass(frozen=True, slots=True)
class StepUpKey:
    """What is kept of one person's step-up. Both secrets are sealed; empty bytes mean none.

    `spent` is the newest time step whose code was accepted. `wrong_at` says when wrong codes were
    given lately, oldest first; until `locked_until` no code is looked at. `offered` waits for its
    first code in the session `offered_to`, since `offered_at`.
    """

    person: str
    secret: bytes = b""
    spent: int = 0
    wrong_at: tuple[datetime, ...] = ()
    locked_until: datetime | None = None
    offered: bytes = b""
    offered_to: str = ""
    offered_at: datetime | None = None


class StepUpKeys(Protocol):
    """Keeps the keys, one row a person."""

    async def get(self, person: str) -> StepUpKey | None:
        """Return the person's row, or None."""
        ...

    async def change(self, person: str, make: Callable[[StepUpKey | None], StepUpKey]) -> None:
        """Replace the person's row by what `make` makes of it, as one step for all processes.

        `make` runs in the writer and must be quick; it may run again when the write is repeated.

        Raises:
            BusyError: The database is away; nothing changed.
        """
        ...
