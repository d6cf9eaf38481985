"""What the REST API takes and gives: typed, documented by OpenAPI, unknown fields refused."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from bot.ports import OutcomeKind


class Shape(BaseModel):
    """A frozen shape; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class IncidentSummary(Shape):
    """One line of the list; `pending` counts proposals that wait for a decision."""

    id: str
    seq: int
    title: str
    status: str
    severity: str
    service: str
    opened_at: datetime
    resolved_at: datetime | None
    pending: int
    alerts: int


class IncidentPage(Shape):
    """Incidents, newest first; `next` is the cursor of the next page, empty at the end."""

    incidents: list[IncidentSummary]
    next: str = ""


class EventOut(Shape):
    """One event: its place, who caused it, and the same sentence the pages show."""

    seq: int
    type: str
    at: datetime
    actor: str
    words: str
    body: dict[str, JsonValue]


class IncidentDetail(Shape):
    """A thread folded: `incident` is the business view, `run` the execution view.

    `events` is one page of the thread; `next` continues it, 0 at its end.
    """

    id: str
    seq: int
    phase: str
    incident: dict[str, JsonValue]
    run: dict[str, JsonValue]
    events: list[EventOut] = []
    next: int = 0


class DocumentOut(Shape):
    """A document about one incident, as Markdown."""

    incident: str
    markdown: str


class ProposalSummary(Shape):
    """One proposal as the approvals inbox lists it."""

    id: str
    revision: int
    incident: str
    title: str
    status: str
    risk: str
    service: str
    digest: str
    created_at: datetime
    expires_at: datetime


class ProposalList(Shape):
    """Proposals, oldest first."""

    proposals: list[ProposalSummary]


class ProposalDetail(ProposalSummary):
    """Exactly what would run, what it rests on, and what became of it."""

    proposal: dict[str, JsonValue]
    preview: str
    reason: str
    why: str
    result: str
    decisions: list[dict[str, JsonValue]]


class Launch(Shape):
    """An incident to start by hand."""

    service: str = Field(pattern=r"^[\w.@-]{1,100}$")
    text: str = Field(min_length=1, max_length=2000)


class Said(Shape):
    """Something a human writes into a conversation."""

    text: str = Field(min_length=1, max_length=10_000)


class Why(Shape):
    """An optional reason."""

    text: str = Field(default="", max_length=2000)


class DecisionIn(Shape):
    """A verdict on one revision. `digest` (≥ 12 hex) must be the one that was shown."""

    verdict: Literal["approve", "deny"]
    digest: str = Field(default="", pattern=r"^([0-9a-f]{12,64})?$")
    revision: int = Field(default=0, ge=0)
    reason: str = Field(default="", max_length=2000)
    code: str = Field(
        default="",
        pattern=r"^([0-9]{6})?$",
        description="A one-time code of the person; an approval of high risk needs one.",
    )


class AnswerIn(Shape):
    """An answer to the open question; `question` may be empty when only one is open."""

    question: str = Field(default="", max_length=100)
    text: str = Field(min_length=1, max_length=10_000)


class CommandIn(Shape):
    """Words of the command grammar, such as `severity INC-1 sev2`."""

    text: str = Field(min_length=1, max_length=10_000)


class OutcomeOut(Shape):
    """What the bot says to it. `already`: it was decided before; the text says by whom."""

    kind: OutcomeKind
    text: str
    incident: str = ""
    proposal: str = ""


class CheckOut(Shape):
    """One readiness check."""

    ok: bool
    text: str


class StatusOut(Shape):
    """How the bot stands."""

    version: str
    revision: str
    read_only: bool
    paused_by: str
    policy_digest: str
    knowledge_revision: str
    problems: list[str]
    channels: list[str]
    insecure: list[str]
    checks: dict[str, CheckOut]
