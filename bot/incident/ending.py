"""How one run ended and how that came about: what its card and its page say. Values only."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.incident.facts_run import FallbackKind, LeftOut, Receipt, StepChosen
from bot.incident.model import Finding
from bot.incident.steps import ConclusionKind

PLANNER = "planner"
"""Who chooses where no model does."""
BY_RULE = frozenset({PLANNER, "triagebot", "verification", "renewal"})
"""Authors that are code of ours; every other one is a model or a `person:`."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a human wrote in the conversation; `question`: it was put to the agent.

    `channel` is where.
    """

    at: datetime
    person: str
    text: str
    question: bool = False
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who chose the Steps of a run, and what that cost; sums over the run (F-12).

    `by` chose the last one, `model` is the last model that answered, "" for none. `micro_usd` is
    None when some price is unknown. `receipt` is the last one; `fallback`, `fallback_why`,
    `dropped` and the digests are those of the last Step.
    """

    by: str = ""
    model: str = ""
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    micro_usd: int | None = 0
    receipt: Receipt | None = None
    prompt: str = ""
    tools: str = ""
    exchange: str = ""
    fallback: FallbackKind = ""
    fallback_why: str = ""
    dropped: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What the model was not shown the last time it was asked."""
        return self.receipt.left_out if self.receipt is not None else ()

    def then(self, chosen: StepChosen) -> "Provenance":
        """Return this with one more Step."""
        used, price = chosen.usage, self.micro_usd
        if used.requests:
            unknown = price is None or used.micro_usd is None
            price = None if unknown else (price or 0) + (used.micro_usd or 0)
        answered = used.requests > 0 and chosen.by != PLANNER
        return replace(
            self,
            by=chosen.by,
            model=chosen.by if answered else self.model or used.model,
            requests=self.requests + used.requests,
            input_tokens=self.input_tokens + used.input_tokens,
            output_tokens=self.output_tokens + used.output_tokens,
            micro_usd=price,
            receipt=chosen.receipt or self.receipt,
            prompt=chosen.digests.prompt or self.prompt,
            tools=chosen.digests.tools,
            exchange=chosen.exchange or self.exchange,
            fallback=chosen.fallback,
            fallback_why=chosen.fallback_why,
            dropped=chosen.dropped,
        )


@dataclass(frozen=True, slots=True)
class Ending:
    """What run number `run` concluded at `at`; `asked` is the question it answers, None for none.

    `rejected` says why code did not put a chosen action before humans, in order.
    """

    run: int
    at: datetime
    summary: str
    by: str
    outcome: ConclusionKind
    findings: tuple[Finding, ...]
    made: Provenance
    steps: int = 0
    rejected: tuple[str, ...] = ()
    asked: Spoken | None = None
