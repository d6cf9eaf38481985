"""One scenario: an alert, what tools would answer, what happens meanwhile, and what is right."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, JsonValue, model_validator

from bot.incident.model import Link, Risk, Severity, Value
from bot.incident.steps import ConclusionKind

NOON = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
"""When a scenario begins that does not say when."""
Scalar = bool | int | float | str | None
OutcomeWord = Literal[ConclusionKind, "asked"]
"""How a run ends; `asked`: a question of the agent is open, and nobody answers."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""One word or several; a single one may stand for itself."""


class AlertGiven(Value):
    """An alert as `triagebot parse` prints it; what is left out is empty, or now."""

    source: str = "alertmanager"
    fingerprint: str = "a1"
    status: Literal["firing", "resolved"] = "firing"
    title: str
    severity: Severity = "critical"
    service: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    links: tuple[Link, ...] = ()


class Webhook(Value):
    """A delivery as a monitoring system sends it, instead of alerts that were parsed already."""

    source: str
    body: JsonValue


class ChangeGiven(Value):
    """A deploy, config or flag change, so many minutes before the scenario begins."""

    service: str
    kind: Literal["deploy", "config", "flag", "other"] = "deploy"
    version: str = ""
    previous: str = ""
    by: str = ""
    title: str = ""
    minutes_ago: float = Field(default=10, ge=0)


class Measured(Value):
    """A fact's value with its unit."""

    value: Scalar
    unit: str = ""


class RecordedResult(Value):
    """What a read tool answers: the first that fits a call does, `times` times at most (0: always).

    `args` are those a call must have, others do not matter; `{contains: [a, b]}` fits a text that
    holds all of them. With `error` the tool fails with these words; `retryable` as a system does
    that may come back. `after_action`: only once an action ran.
    """

    tool: str
    args: dict[str, JsonValue] = Field(default_factory=dict)
    summary: str = ""
    facts: dict[str, Scalar | Measured] = Field(default_factory=dict)
    body: JsonValue = None
    error: str = ""
    retryable: bool = False
    times: int = Field(default=0, ge=0)
    after_action: bool = False


class ToolGiven(Value):
    """A read tool that is not shipped; its arguments are those that were recorded."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    description: str = ""


class ActionGiven(Value):
    """What an action would do, where the defaults do not do: it is previewed, and acts on nothing.

    `fails`: the words with which it answers that it failed.
    """

    tool: str
    title: str = ""
    service: str = ""
    environment: str = ""
    risk: Risk = "medium"
    preview: str = ""
    fails: str = ""


class Happening(Value):
    """Something that happens meanwhile: exactly one of the fields that say what.

    It comes `after_s` seconds after the bot came to rest, or as soon as `after_reads` reads were
    made. `approve` and `deny` (with the reason) decide on the newest proposal that waits, `answer`
    answers the open question, `say` is any other command; `by` is who does it.
    """

    after_s: float = Field(default=30, ge=0, le=86400)
    after_reads: int = Field(default=0, ge=0)
    resolved: bool = False
    alerts: tuple[AlertGiven, ...] = ()
    answer: str = ""
    approve: bool = False
    deny: str = ""
    say: str = ""
    by: str = "dana"

    @model_validator(mode="after")
    def _one(self) -> "Happening":
        said = [self.resolved, self.alerts, self.answer, self.approve, self.deny, self.say]
        if sum(map(bool, said)) != 1:
            raise ValueError("exactly one of resolved, alerts, answer, approve, deny, say")
        return self


class ProposalExpected(Value):
    """The proposal that is right: `args` are those it must have, `times` how often it is made."""

    tool: str = ""
    template: str = ""
    args: dict[str, JsonValue] = Field(default_factory=dict)
    times: int = Field(default=1, ge=1)


class Expected(Value):
    """What is right. What is left out does not matter; case and line ends never do.

    `cause`: every entry must be found in what the bot concludes; of an entry that is a list, one
    word. `forbidden`: none of these may be. `outcome`: one of these. `proposal`: this one and no
    other, or `none`. `evidence`: tools that must have answered. `status`: the incident's, at last.
    """

    cause: tuple[Words, ...] = ()
    forbidden: Words = ()
    outcome: Annotated[tuple[OutcomeWord, ...], BeforeValidator(_listed)] = ()
    proposal: ProposalExpected | Literal["none"] | None = None
    evidence: Words = ()
    max_steps: int = Field(default=10, ge=1)
    incidents: int = Field(default=1, ge=1)
    status: Literal["", "open", "resolved", "closed"] = ""


class Scenario(Value):
    """One scenario. Either `alerts` or `webhook`; the rest may be left out.

    `draft` says what a human has yet to do before it counts; it is played and not scored.
    """

    title: str
    note: str = ""
    draft: str = ""
    at: datetime = NOON
    alerts: tuple[AlertGiven, ...] = ()
    webhook: Webhook | None = None
    changes: tuple[ChangeGiven, ...] = ()
    tools: tuple[ToolGiven, ...] = ()
    results: tuple[RecordedResult, ...] = ()
    actions: tuple[ActionGiven, ...] = ()
    happens: tuple[Happening, ...] = ()
    expect: Expected = Expected()

    @model_validator(mode="after")
    def _begun(self) -> "Scenario":
        if bool(self.alerts) == (self.webhook is not None):
            raise ValueError("either alerts or a webhook begins a scenario")
        if self.at.tzinfo is None:
            raise ValueError("at names no time zone; write it with a Z")
        return self
