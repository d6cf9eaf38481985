"""Who may decide what, as people and policy files say it: immutable values, no behaviour."""

from collections.abc import Mapping

from pydantic import Field, model_validator

from bot.incident.hours import Hours
from bot.incident.model import Risk, Value

BULK_OVER = 10
"""Targets one action may have before its risk is raised, unless `policy.yaml` says otherwise."""


class Person(Value):
    """A canonical human of `people.yaml`; identities are `channel:id` actors.

    Who is not `active` is known by name in what happened, and may do nothing any more (E-25).
    In `quiet_hours` a person is not called, unless it is critical.
    """

    name: str
    title: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    admin: bool = False
    active: bool = True
    quiet_hours: Hours | None = None


class Rule(Value):
    """One line of `policy.yaml`: whom it concerns and what it asks for; first match decides.

    `approvers` are `group:…`, `person:…`, `owner` (of the service) and `on_call` (for the service,
    level 1, now). `self_approval` counts for low risk only (E-23). `step_up` asks for a fresh proof
    of who decides (E-24). In its `quiet_hours` (names of the policy's windows) the rule allows
    nothing. `dry_run_required` refuses what has no preview. `run_if_resolved` keeps a proposal
    alive when its alert resolves (E-31).
    """

    name: str
    action: str = "*"
    service: str = "*"
    environment: str = "*"
    risk: tuple[Risk, ...] = ()
    allow: bool = True
    approvers: tuple[str, ...] = ()
    min_approvals: int = Field(default=1, ge=1, le=5)
    channels: tuple[str, ...] = ()
    self_approval: bool = False
    step_up: bool = False
    quiet_hours: tuple[str, ...] = ()
    dry_run_required: bool = False
    run_if_resolved: bool = False


class RaiseRisk(Value):
    """Raises the risk by one class where everything it says holds; what is unknown holds (law 9).

    `tier_at_most: 1` means services of tier 1; `targets_over: 3` means four targets or more.
    """

    action: str = "*"
    environment: str = "*"
    service: str = "*"
    tier_at_most: int | None = Field(default=None, ge=1, le=5)
    targets_over: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _narrow(self) -> "RaiseRisk":
        if self == RaiseRisk.model_construct():
            raise ValueError("raises everything; say for which action, environment or service")
        return self


class Policy(Value):
    """`policy.yaml`: rules in order; nothing matched means no.

    `quiet_hours` are windows by name. More than `bulk_over` targets raise the risk (E-21), and so
    does each entry of `raise_risk` that holds.
    `chat_only_high` is the operator's setting and never the file's: no proof is asked for (E-24).
    """

    rules: tuple[Rule, ...] = ()
    quiet_hours: Mapping[str, Hours] = {}
    raise_risk: tuple[RaiseRisk, ...] = ()
    bulk_over: int = Field(default=BULK_OVER, ge=1)
    digest: str = ""
    chat_only_high: bool = False
