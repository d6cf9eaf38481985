"""Facts about an investigation: what was loaded, chosen, looked at, and found."""

from datetime import datetime
from typing import Literal, cast

from pydantic import Field, JsonValue, model_validator

from bot.incident.fact import Fact
from bot.incident.model import (
    Change,
    CompactError,
    Finding,
    Observation,
    Runbook,
    Service,
    Similar,
)
from bot.incident.steps import ConclusionKind, Step

FallbackKind = Literal[
    "", "budget", "slow", "rate_limited", "overloaded", "unreachable", "refused", "invalid"
]
"""Why the configured model did not choose a Step, so that the planner did; "" when it did."""


class Digests(Fact):
    """What a step was chosen under; hex SHA-256, empty where it does not apply.

    `build` is no digest: the version and git revision of the bot, whose prompts are part of it.
    """

    prompt: str = ""
    runbook: str = ""
    catalogue: str = ""
    policy: str = ""
    tools: str = ""
    build: str = ""


class Usage(Fact):
    """What a Step cost, over all requests it took; zero for the planner.

    `input_tokens` include those read from a cache, `cached_tokens`. `model` is what answered, as
    the provider names it. `micro_usd` is a millionth of a US dollar; None: the price is unknown.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    model: str = ""
    cached_tokens: int = 0
    requests: int = 0
    repairs: int = 0
    seconds: float = 0.0
    micro_usd: int | None = None


class LeftOut(Fact):
    """Something the model was not shown; `evidence` is where all of it stands, "" when nowhere."""

    what: str
    evidence: str = ""


class Receipt(Fact):
    """How the context was made: tokens as estimated before sending, of a window of so many.

    `window_tokens` 0: the model's window is not known, and the smallest one was assumed.
    """

    estimated_tokens: int
    window_tokens: int
    left_out: tuple[LeftOut, ...] = ()


class ContextLoaded(Fact):
    """What is known without asking anybody. `missing` says in words what was not found.

    `inventory` maps a kind (services, versions, jobs) to the names that exist.
    `runbook_why` says how the runbook was matched. `revision` names the knowledge folder's state.
    `specialist` is who investigates, and why; with `tools` (empty: all there are), in at most
    `max_steps` Steps (0: as many as the bot's setting says).
    """

    service: Service | None
    changes: tuple[Change, ...]
    runbook: Runbook | None
    similar: tuple[Similar, ...]
    inventory: dict[str, tuple[str, ...]]
    runbook_why: str = ""
    missing: tuple[str, ...] = ()
    revision: str = ""
    specialist: str = ""
    specialist_why: str = ""
    tools: tuple[str, ...] = ()
    max_steps: int = 0


class StepChosen(Fact):
    """A StepModel (or a human, or a verification) chose the next Step.

    `exchange` is the evidence id of the exact request and reply. `agreed` tells whether the planner
    would have chosen the same; None where nobody compared. `fallback` says why the configured
    model did not choose, `fallback_why` in words. `dropped` are claims that code took out.
    """

    effect_id: str
    step: Step
    by: str
    digests: Digests = Digests()
    revision: str = ""
    exchange: str = ""
    usage: Usage = Usage()
    receipt: Receipt | None = None
    agreed: bool | None = None
    fallback: FallbackKind = ""
    fallback_why: str = ""
    dropped: tuple[str, ...] = ()


class StepFailed(Fact):
    """No valid Step came; try again at `retry_at`, or never when it is None."""

    effect_id: str
    error: CompactError
    retry_at: datetime | None


class ToolReturned(Fact):
    """A read tool answered; the raw result is Evidence `evidence`, `facts` are its typed core.

    `cached`: the same call was answered in this run before, and was not made again.
    """

    effect_id: str
    key: str
    tool: str
    evidence: str
    summary: str
    facts: tuple[Observation, ...]
    cached: bool = False


class ToolFailed(Fact):
    """A read tool could not answer; try again at `retry_at`, or never when it is None."""

    effect_id: str
    key: str
    tool: str
    error: CompactError
    retry_at: datetime | None


class ConclusionReached(Fact):
    """The run ended with findings, oldest first. `question` is what it answers, "" for none."""

    summary: str
    findings: tuple[Finding, ...]
    by: str
    outcome: ConclusionKind = "not_enough_evidence"
    question: str = ""

    @model_validator(mode="before")
    @classmethod
    def _as_it_was_written(cls, raw: object) -> object:
        """What was written before there were outcomes found a cause when it had findings."""
        if not isinstance(raw, dict):
            return raw
        body = cast("dict[str, object]", raw)
        found = bool(body.get("findings")) and "outcome" not in body
        return body | {"outcome": "cause_found"} if found else body


class DraftWritten(Fact):
    """A model's words for the postmortem, unconfirmed; in place of nothing that code writes.

    `summary`, `contributing` and `follow_ups` may be empty. `by` is the model as `provider:name`,
    `prompt` the hex SHA-256 of its prompt's files, `exchange` the evidence id of the exact request
    and reply.
    """

    summary: str = Field(max_length=600)
    contributing: tuple[str, ...] = Field(default=(), max_length=3)
    follow_ups: tuple[str, ...] = Field(default=(), max_length=3)
    by: str
    usage: Usage = Usage()
    prompt: str = ""
    exchange: str = ""


class EscalationRaised(Fact):
    """The agent gives up and asks humans to look; `kind` is the reason as one of a few words."""

    reason: str
    to: str
    kind: Literal["", "steps", "seconds", "tokens", "no_new_facts", "no_step"] = ""


class BudgetSpent(Fact):
    """A limit of the run was reached."""

    kind: Literal["steps", "seconds", "tokens", "no_new_facts"]


class InvestigationPaused(Fact):
    """Nobody investigates until it is resumed."""

    by: str


class InvestigationResumed(Fact):
    """The investigation goes on."""

    by: str


class ProposalRejected(Fact):
    """Code refused to put a chosen action before humans."""

    effect_id: str
    tool: str
    args: dict[str, JsonValue]
    why: str
