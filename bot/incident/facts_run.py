"""Facts about an investigation: what was loaded, chosen, looked at, and found."""

from datetime import datetime
from typing import Literal

from pydantic import JsonValue

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
from bot.incident.steps import Step


class Digests(Fact):
    """What a step was chosen under; hex SHA-256, empty where it does not apply."""

    prompt: str = ""
    runbook: str = ""
    catalogue: str = ""
    policy: str = ""
    tools: str = ""


class Usage(Fact):
    """What a model call cost; zero for the planner."""

    input_tokens: int = 0
    output_tokens: int = 0
    model: str = ""


class ContextLoaded(Fact):
    """What is known without asking anybody. `missing` says in words what was not found.

    `inventory` maps a kind (services, versions, jobs) to the names that exist.
    `runbook_why` says how the runbook was matched. `revision` names the knowledge folder's state.
    """

    service: Service | None
    changes: tuple[Change, ...]
    runbook: Runbook | None
    similar: tuple[Similar, ...]
    inventory: dict[str, tuple[str, ...]]
    runbook_why: str = ""
    missing: tuple[str, ...] = ()
    revision: str = ""


class StepChosen(Fact):
    """A StepModel (or a human, or a verification) chose the next Step."""

    effect_id: str
    step: Step
    by: str
    digests: Digests = Digests()
    revision: str = ""
    exchange: str = ""
    usage: Usage = Usage()


class StepFailed(Fact):
    """No valid Step came; try again at `retry_at`, or never when it is None."""

    effect_id: str
    error: CompactError
    retry_at: datetime | None


class ToolReturned(Fact):
    """A read tool answered; the raw result is Evidence `evidence`, `facts` are its typed core."""

    effect_id: str
    key: str
    tool: str
    evidence: str
    summary: str
    facts: tuple[Observation, ...]


class ToolFailed(Fact):
    """A read tool could not answer; try again at `retry_at`, or never when it is None."""

    effect_id: str
    key: str
    tool: str
    error: CompactError
    retry_at: datetime | None


class ConclusionReached(Fact):
    """The run ended with findings, oldest first; an empty tuple: not enough evidence."""

    summary: str
    findings: tuple[Finding, ...]
    by: str


class EscalationRaised(Fact):
    """The agent gives up and asks humans to look."""

    reason: str
    to: str


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
