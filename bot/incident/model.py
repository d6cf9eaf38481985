"""The vocabulary: immutable values that every other module speaks in; no behaviour beyond them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypedDict, TypeVar, Unpack

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Severity = Literal["critical", "high", "warning", "info", "unknown"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "warning", "info", "unknown")
"""Most urgent first; `sev1`…`sev5` are aliases in this order."""

Risk = Literal["low", "medium", "high"]
Verdict = Literal["approve", "deny"]
Judgement = Literal["right", "wrong", "partly", "not_an_incident"]

Args = Mapping[str, JsonValue]
"""Arguments of a tool call, as JSON; floats are refused in actions (E-06)."""


class Value(BaseModel):
    """Immutable; an unknown field is an error, so a typo never passes silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


V = TypeVar("V", bound=Value)


def trusted(cls: type[V], fields: dict[str, Any], names: frozenset[str]) -> V:
    """Return a value whose fields are known to be right, all of them given, at a tenth the cost.

    It is as frozen, as equal and as well written as any other. `names` are those of the fields.
    """
    made = cls.__new__(cls)
    put = object.__setattr__
    put(made, "__dict__", fields)
    put(made, "__pydantic_fields_set__", set(names))
    put(made, "__pydantic_extra__", None)
    put(made, "__pydantic_private__", None)
    return made


class Link(Value):
    """A labelled address; shown only when its host is allow-listed."""

    title: str
    url: str


class AlertFields(TypedDict):
    """What an Alert is made of, where a type checker is all that looks at it."""

    source: str
    fingerprint: str
    status: Literal["firing", "resolved"]
    title: str
    severity: Severity
    service: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime | None
    ends_at: datetime | None
    links: tuple[Link, ...]


class Alert(Value):
    """One notification of a monitoring system, in our own terms.

    `fingerprint` names the alert across repeats within its source. `service` is the source's
    hint, empty when there is none; the catalogue decides. Times are aware UTC.
    """

    source: str
    fingerprint: str
    status: Literal["firing", "resolved"]
    title: str
    severity: Severity
    service: str
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime | None
    ends_at: datetime | None
    links: tuple[Link, ...] = ()


_ALERT_FIELDS = frozenset(Alert.model_fields)


def trusted_alert(**fields: Unpack[AlertFields]) -> Alert:
    """Return an alert whose fields are known to be right, all of them given."""
    return trusted(Alert, dict(fields), _ALERT_FIELDS)


class Change(Value):
    """A deploy, config or flag change: context, never an incident."""

    id: str
    source: str
    service: str
    kind: Literal["deploy", "config", "flag", "other"] = "deploy"
    version: str = ""
    previous: str = ""
    by: str = ""
    at: datetime
    title: str = ""
    link: str = ""


class Service(Value):
    """A catalogue entry of `services.yaml`.

    `tier` 1 is the most important. `match` lists label sets; an alert whose labels contain all
    pairs of one set belongs to the service, besides alerts that name it outright.
    `kind` is the team's own word for what it is, such as database; rules of `routes.yaml` name it.
    `conversations` maps a channel's name to an address in it; `probes` maps a name to an http(s)
    URL that `http_probe` may read.
    """

    name: str
    title: str = ""
    owner: str = ""
    tier: int | None = Field(default=None, ge=1, le=5)
    environment: str = ""
    dependencies: tuple[str, ...] = ()
    conversations: dict[str, str] = {}
    links: tuple[Link, ...] = ()
    match: tuple[dict[str, str], ...] = ()
    probes: dict[str, str] = {}
    kind: str = ""


Op = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "exists"]


class Predicate(Value):
    """One typed test over facts: exactly one of `fact`, `all`, `any`, `not`.

    `fact` is `step.name`, where `step` is a diagnose step's id. A missing fact makes the test
    unknown, and unknown never proves anything.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    fact: str = ""
    op: Op = "eq"
    value: JsonValue = None
    all: tuple["Predicate", ...] = ()
    any: tuple["Predicate", ...] = ()
    not_: "Predicate | None" = Field(default=None, alias="not")


class Probe(Value):
    """A typed read: the tool, its arguments, and the test its facts must pass.

    In `expect`, facts are named without a step id (`healthy`, not `state.healthy`).
    """

    title: str
    tool: str
    args: dict[str, JsonValue]
    expect: Predicate


class Diagnose(Value):
    """One diagnostic of a runbook: a read tool call, run when `when` holds (or always)."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    tool: str
    args: dict[str, JsonValue] = {}
    when: Predicate | None = None


class ActionTemplate(Value):
    """An action a runbook permits, its arguments still holding `${…}` fills."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")
    tool: str
    args: dict[str, JsonValue]
    reason: str
    preconditions: tuple[Probe, ...] = ()
    verify: tuple[Probe, ...] = ()


class Ask(Value):
    """A question a runbook puts to humans.

    `deadline` is how long it stays open, as 30m, 2h or 3d (empty: as long as the bot's setting
    says); then `default` is the answer, if there is one.
    """

    question: str
    kind: Literal["yes_no", "choice", "text"] = "text"
    options: tuple[str, ...] = ()
    default: str = ""
    deadline: str = ""


class RunbookOutcome(Value):
    """What a proven `when` means: a conclusion, and what to do about it."""

    name: str
    when: Predicate
    conclude: str
    confidence: Literal["low", "medium", "high"] = "medium"
    propose: str = ""
    ask: Ask | None = None


class Runbook(Value):
    """Markdown plus its front matter. `text` is data, never an instruction.

    `match` holds Alertmanager matchers (`name=~"value"`), all of which must hold for an alert;
    `digest` is the SHA-256 of the file's bytes.
    """

    name: str
    title: str
    path: str
    digest: str
    text: str
    match: tuple[str, ...] = ()
    service: str = ""
    diagnose: tuple[Diagnose, ...] = ()
    outcomes: tuple[RunbookOutcome, ...] = ()
    otherwise: Ask | None = None
    actions: tuple[ActionTemplate, ...] = ()


class Observation(Value):
    """One typed observation of a tool: a name, a value, and the unit of the value."""

    name: str
    value: bool | int | float | str | None
    unit: str = ""


class Finding(Value):
    """A claim with the evidence it rests on; `cause` confirmed or not is said by humans."""

    claim: str
    evidence: tuple[str, ...]
    confidence: Literal["low", "medium", "high"] = "medium"


class Similar(Value):
    """An earlier incident that resembles this one, and what became of it."""

    incident: str
    title: str
    at: datetime
    conclusion: str = ""
    action: str = ""
    outcome: str = ""


class CompactError(Value):
    """An error as the thread keeps it: at most 400 characters, no stack."""

    system: str
    message: str = Field(max_length=400)
    retryable: bool = False
