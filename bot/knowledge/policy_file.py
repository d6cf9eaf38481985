"""`policy.yaml` as a Policy: parsed and checked here, decided elsewhere."""

import re
from collections.abc import Iterator

from pydantic import Field, JsonValue

from bot.errors import ConfigError
from bot.incident.authority import BULK_OVER, Policy, RaiseRisk, Rule
from bot.incident.hours import Hours
from bot.incident.model import Value
from bot.knowledge import document

FILE = "policy.yaml"
_APPROVER = re.compile(r"owner|on_call|(?:group|person):[\w.@+-]{1,100}")
_AUTOMATIC = ("auto", "auto_approve", "automatic")


class PolicyFile(Value):
    """The shape of `policy.yaml`."""

    rules: tuple[Rule, ...] = ()
    quiet_hours: dict[str, Hours] = Field(default={})
    raise_risk: tuple[RaiseRisk, ...] = ()
    bulk_over: int = Field(default=BULK_OVER, ge=1)


def parse(path: str, text: str) -> Policy:
    """Return the policy that `text` writes, without its digest; an empty file allows nothing.

    Raises:
        ConfigError: Not of this shape; two rules share a name; a rule that allows names no
            approver, or asks for fewer than one approval; an approver that is not `owner`,
            `on_call`, `group:name` or `person:name`; quiet hours that are not declared.
    """
    found = document.read(path, text)
    _refuse_auto(found)
    file = found.validate(PolicyFile)
    faults = [
        f"{path} line {found.line('rules', place)}: rules[{place}] {rule.name!r}: {fault}"
        for place, rule in enumerate(file.rules)
        for fault in _faults(rule, file.rules[:place], file.quiet_hours)
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    return Policy(
        rules=file.rules,
        quiet_hours=file.quiet_hours,
        raise_risk=file.raise_risk,
        bulk_over=file.bulk_over,
    )


def _refuse_auto(found: document.Document) -> None:
    """Refuse in plain words what would let an action run with nobody's approval (law 10).

    Raises:
        ConfigError: A rule needs no approval, or asks for an automatic mode.
    """
    for place, rule in enumerate(_written(found.value)):
        least = rule.get("min_approvals")
        none = isinstance(least, int) and not isinstance(least, bool) and least < 1
        key = "min_approvals" if none else next((k for k in _AUTOMATIC if k in rule), "")
        if key:
            raise ConfigError(
                f"{found.path} line {found.line('rules', place, key)}: rules[{place}].{key}: "
                "nothing runs without a human's approval, there is no automatic mode; "
                "ask for min_approvals: 1 or more"
            )


def _written(value: JsonValue) -> list[dict[str, JsonValue]]:
    """Return the rules as they are written; what is no rule counts as an empty one."""
    rules = value.get("rules") if isinstance(value, dict) else None
    if not isinstance(rules, list):
        return []
    return [rule if isinstance(rule, dict) else {} for rule in rules]


def _faults(rule: Rule, earlier: tuple[Rule, ...], quiet_hours: dict[str, Hours]) -> Iterator[str]:
    if not rule.name.strip():
        yield "name: is empty; a decision is recorded under its rule's name"
    if any(other.name == rule.name for other in earlier):
        yield "another rule has this name; rename one"
    if rule.allow and not rule.approvers:
        yield "allows without approvers; name group:…, person:…, owner or on_call"
    for approver in rule.approvers:
        if not _APPROVER.fullmatch(approver):
            yield f"approvers: {approver!r} is not owner, on_call, group:<name> or person:<name>"
    for name in rule.quiet_hours:
        if name not in quiet_hours:
            yield f"quiet_hours: there are no hours {name!r}; declare them above the rules"
