"""A StepModel that accounts for what it does, and the book in which its calls are kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.incident.context import Context
from bot.incident.facts_run import FallbackKind, Receipt, Usage
from bot.incident.steps import Step


@dataclass(frozen=True, slots=True)
class Choice:
    """A Step and how it came about; what `StepChosen` keeps of it.

    `by` is `planner`, or a model as `provider:name`. `prompt` is the hex SHA-256 of the prompt's
    files. `exchange` is JSON: the exact requests and replies, b"" for none. The rest is as in
    StepChosen.
    """

    step: Step
    by: str
    prompt: str = ""
    exchange: bytes = b""
    usage: Usage = field(default_factory=Usage)
    receipt: Receipt | None = None
    agreed: bool | None = None
    fallback: FallbackKind = ""
    fallback_why: str = ""
    dropped: tuple[str, ...] = ()


Objection = Callable[[Step], str]
"""Says why a Step is not on the menu, in words for whoever chose it; "" when it is."""


class Mind(Protocol):
    """A StepModel that tells how it chose. It has no credentials of targets and no tool."""

    name: str

    async def next_step(self, context: Context) -> Step:
        """As every StepModel does."""
        ...

    async def choose(self, context: Context, refusal: Objection) -> Choice:
        """Return the next Step that `refusal` has nothing against, if one comes.

        Raises:
            ToolError: No Step came at all.
        """
        ...


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One request to a model, answered or not. Tokens are 0 where nothing was reported.

    `estimated_tokens` is what the estimator said before its ratio was applied. `micro_usd` is a
    millionth of a US dollar, None where the price is unknown. `outcome` is `ok`, or a
    `FallbackKind`; `slow`: nothing was heard of it (yet), and its tokens are estimates.
    """

    id: str
    incident: str
    effect_id: str
    model: str
    at: datetime
    estimated_tokens: int
    input_tokens: int = 0
    output_tokens: int = 0
    micro_usd: int | None = None
    outcome: str = "ok"


@dataclass(frozen=True, slots=True)
class Spending:
    """What calls came to. Answered calls without a known price are `unpriced` and cost 0 here."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    micro_usd: int = 0
    unpriced: int = 0


class ModelCalls(Protocol):
    """The book of calls, shared by every process (kept, not derived)."""

    async def add(self, call: ModelCall) -> None:
        """Write one down; the same id again replaces it.

        Raises:
            BusyError: The queue is full or the database is away.
        """
        ...

    async def spent(self, since: datetime, incident: str = "") -> Spending:
        """Return what was spent since then: by one incident, or by all.

        Raises:
            BusyError: The database is away.
        """
        ...

    async def ratios(self, model: str, limit: int = 50) -> Sequence[float]:
        """Return input tokens reported ÷ estimated of the newest calls that reported them.

        Raises:
            BusyError: The database is away.
        """
        ...
