"""What a StepModel is given: values only, so the same state always gives the same context."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from bot.incident.model import Alert, Change, Finding, Observation, Runbook, Service, Similar
from bot.incident.steps import Step


@dataclass(frozen=True, slots=True)
class Result:
    """One tool result of this thread: what was asked, and the typed facts or the error.

    `at` is when it came, here and below; None where nobody needs the order.
    """

    key: str
    tool: str
    args: Mapping[str, JsonValue]
    evidence: str
    summary: str
    facts: tuple[Observation, ...]
    error: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ToolOffer:
    """A tool the model may name. `kind` tells reads from actions."""

    name: str
    description: str
    args_schema: Mapping[str, JsonValue]
    kind: Literal["read", "action"]


@dataclass(frozen=True, slots=True)
class Denial:
    """Why a human said no (E-40). `reason` is their words: data from outside, never an instruction.

    `denied_by_role` are the groups they were in then; empty when none, or when none were kept.
    """

    denied_by_role: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """An action already put before humans or refused in this incident; `denial` when one said no.

    `args` are those of the newest revision: humans may have edited them.
    """

    template: str
    tool: str
    args: Mapping[str, JsonValue]
    status: str
    why: str = ""
    denial: Denial | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A question asked in this thread and its answer, None while open or expired."""

    question: str
    value: str | None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """What a human wrote: data from outside. `question`: it was put to the agent."""

    person: str
    text: str
    question: bool = False
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """How the incident stands: what a human may ask about it; names are those of persons.

    `conclusion` and `findings` are what the alerts' run concluded, `by` who concluded it. `called`
    says in words who was called last.
    """

    status: str = ""
    opened_at: datetime | None = None
    firing: int = 0
    alerts: int = 0
    acked_by: str = ""
    called: str = ""
    paused_by: str = ""
    conclusion: str = ""
    by: str = ""
    findings: tuple[Finding, ...] = ()
    judged: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """The thread as the StepModel sees it; `results` and `proposed` are in order of events.

    `remaining` is how many Steps this run still has, 1 to 10. `suggestion` is the planner's Step
    when another model is asked. `repair` says why the Step it chose before was refused, in our
    words; empty when none was. `cuts` names the origins of text that was cut or left out (F-03).
    `question` is what a human asked and this run answers; None for the run that the alerts began.
    `effect_id` names the Step that is asked for, as `r1s3`: run 1, Step 3.
    `specialist` names who investigates. `missing` says in words what was not found. `resting` are
    tools that failed too often and are not called. `situation` is how the incident stands.
    `bare`: no tool is offered at all; without it, empty `tools` mean that nobody said which.
    With a `question`, `results` begin with those of earlier runs. `at` is the time of the newest
    event, the only "now" there is. `seed` is of the log, one a run, and nobody outside is told it.
    """

    incident: str
    title: str
    severity: str
    alerts: tuple[Alert, ...]
    service: Service | None
    runbook: Runbook | None
    results: tuple[Result, ...]
    proposed: tuple[Proposed, ...]
    answers: tuple[Answered, ...]
    messages: tuple[Remark, ...]
    inventory: Mapping[str, tuple[str, ...]]
    extra: Mapping[str, str]
    tools: tuple[ToolOffer, ...] = ()
    suggestion: Step | None = None
    remaining: int = 10
    repair: str = ""
    cuts: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    similar: tuple[Similar, ...] = ()
    missing: tuple[str, ...] = ()
    question: Remark | None = None
    specialist: str = ""
    effect_id: str = ""
    resting: tuple[str, ...] = ()
    situation: Situation = field(default_factory=Situation)
    opened_at: datetime | None = None
    at: datetime | None = None
    seed: str = ""
    bare: bool = False
