"""Who may decide what: the first rule that matches, and no when none does. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from bot.incident.facts_action import DecisionMade
from bot.incident.model import Person, Policy, Risk, Rule

RISKS: tuple[Risk, ...] = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Case:
    """What a policy is asked about: an action on a target, and who wants it.

    `owner` is the service's owner (a group or a person); `requested_by` is `bot` or
    `person:NAME`. `channel` is the surface the decision came through.
    """

    action: str
    service: str
    environment: str
    risk: Risk
    owner: str = ""
    requested_by: str = "bot"
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Allow:
    """The person may decide; `missing` approvals are still needed after an approve by them."""

    rule: Rule
    missing: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """The person may not decide; `why` says it in words, `rule` is None when none matched."""

    rule: Rule | None
    why: str


def rule_for(policy: Policy, case: Case) -> Rule | None:
    """Return the first rule that matches the case, or None: default deny."""
    for rule in policy.rules:
        fits = (
            fnmatchcase(case.action, rule.action) or case.action.split(":")[0] == rule.action,
            fnmatchcase(case.service, rule.service),
            fnmatchcase(case.environment, rule.environment),
            not rule.risk or case.risk in rule.risk,
        )
        if all(fits):
            return rule
    return None


def thinkable(policy: Policy, tool: str) -> bool:
    """True when some rule allows some action of this tool; else nobody even asks for a preview."""
    return any(
        rule.allow and fnmatchcase(tool, rule.action.partition(":")[0]) for rule in policy.rules
    )


def enabled(policy: Policy, case: Case) -> Rule | Refuse:
    """Return the rule that allows the action to be proposed at all, or why it may not be."""
    rule = rule_for(policy, case)
    if rule is None:
        return Refuse(None, f"no rule in policy.yaml enables {case.action} (READ-ONLY)")
    if not rule.allow:
        return Refuse(rule, f"rule {rule.name} forbids {case.action}")
    return rule


def quorum(rule: Rule, risk: Risk) -> int:
    """Return how many distinct persons must approve: the rule's number, and two for high (E-22)."""
    return max(rule.min_approvals, 2 if risk == "high" else 1)


def may_approve(rule: Rule, case: Case, person: Person) -> bool:
    """True when the rule names the person, one of their groups, or the service's owner they are."""
    names = {f"person:{person.name}", *(f"group:{group}" for group in person.groups)}
    if case.owner and case.owner in {person.name, *person.groups}:
        names.add("owner")
    return not names.isdisjoint(rule.approvers)


def evaluate(
    policy: Policy,
    case: Case,
    person: Person,
    decisions: Iterable[tuple[datetime, DecisionMade]],
) -> Allow | Refuse:
    """Say whether `person` may decide this case now, given the decisions made so far.

    A person counts once, through whatever surface (E-22). Whoever asked for an action may approve
    it only when it is low risk (E-23).
    """
    rule = enabled(policy, case)
    if isinstance(rule, Refuse):
        return rule
    if not may_approve(rule, case, person):
        who = ", ".join(rule.approvers) or "nobody"
        return Refuse(
            rule,
            f"rule {rule.name}: only {who} may decide {case.risk}-risk {case.action}; "
            f"you ({person.name}) are not among them",
        )
    if rule.channels and case.channel not in rule.channels:
        where = ", ".join(rule.channels)
        return Refuse(rule, f"rule {rule.name}: decisions count only through {where}")
    if case.requested_by == f"person:{person.name}" and case.risk != "low":
        return Refuse(rule, f"you asked for this {case.risk}-risk action; somebody else decides")
    others = {made.person for _, made in decisions if made.verdict == "approve"} - {person.name}
    return Allow(rule, max(quorum(rule, case.risk) - len(others) - 1, 0))


def raised(risk: Risk) -> Risk:
    """Return the next higher risk class; high stays high (E-32)."""
    return RISKS[min(RISKS.index(risk) + 1, len(RISKS) - 1)]
