"""Who may decide what: the first rule that matches, and no when none does. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Literal

from bot.incident.authority import Person, Policy, Rule
from bot.incident.facts_action import DecisionMade
from bot.incident.model import Risk

Wish = Literal["approve", "deny", "settle"]
"""What somebody may want to do: decide, or say what became of an unknown outcome (E-14)."""
OWN_REQUEST = Rule(name="own request", allow=False)
"""The rule of a denial that no rule of the file knows: whoever asked may always take it back."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a policy is asked about: an action on a target, who wants it, and when.

    `owner` is the service's owner (a group or a person), `on_call` the names of who is on call for
    it on level 1. `requested_by` is `bot` or `person:NAME`; `edited_by` are co-authors (E-09).
    `channel` is the surface a decision came through. `at` None is a time nobody knows: then no
    rule with quiet hours allows anything.
    """

    action: str
    service: str
    environment: str
    risk: Risk
    owner: str = ""
    requested_by: str = "bot"
    channel: str = ""
    tier: int | None = None
    on_call: tuple[str, ...] = ()
    edited_by: tuple[str, ...] = ()
    at: datetime | None = None
    previewed: bool = True

    def wanted_by(self, name: str) -> bool:
        """True when the person of that name asked for it or changed it (E-23)."""
        return not {name, f"person:{name}"}.isdisjoint({self.requested_by, *self.edited_by})


@dataclass(frozen=True, slots=True)
class Allow:
    """The person may decide; `missing` approvals are still needed after an approve by them.

    Whether they must first prove anew who they are is asked of `bot.incident.stepup`.
    """

    rule: Rule
    missing: int


@dataclass(frozen=True, slots=True)
class Refuse:
    """The person may not decide; `why` says it in words, `rule` is None when none matched."""

    rule: Rule | None
    why: str


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a decision asks for, whether it is so, and the words for it either way."""

    name: str
    met: bool
    words: str


def rule_for(policy: Policy, case: Case) -> Rule | None:
    """Return the first rule that matches the case, or None: default deny.

    A service or an environment that is not known may be the one that a rule forbids, so a rule that
    forbids matches it; a rule that allows does not (law 9).
    """
    for rule in policy.rules:
        fits = (
            _is_for(rule, case),
            fnmatchcase(case.service, rule.service) or not (rule.allow or case.service),
            fnmatchcase(case.environment, rule.environment) or not (rule.allow or case.environment),
            not rule.risk or case.risk in rule.risk,
        )
        if all(fits):
            return rule
    return None


def _is_for(rule: Rule, case: Case) -> bool:
    return fnmatchcase(case.action, rule.action) or case.action.split(":")[0] == rule.action


def thinkable(policy: Policy, tool: str) -> bool:
    """True when some rule allows some action of this tool; else nobody even asks for a preview."""
    return any(
        rule.allow and fnmatchcase(tool, rule.action.partition(":")[0]) for rule in policy.rules
    )


def enabled(policy: Policy, case: Case) -> Rule | Refuse:
    """Return the rule that allows the action at all, whatever the hour, or why none does."""
    rule = rule_for(policy, case)
    if rule is None:
        return Refuse(None, _unruled(policy, case))
    if not rule.allow:
        return Refuse(rule, f"rule {rule.name} forbids {case.action}{_perhaps(rule, case)}")
    return rule


def _unruled(policy: Policy, case: Case) -> str:
    """Return why no rule decides: none is for the action, or none for where and how risky."""
    if not any(rule.allow and _is_for(rule, case) for rule in policy.rules):
        return f"no rule in policy.yaml enables {case.action} (READ-ONLY)"
    return (
        f"rules in policy.yaml enable {case.action}, but none fits it at {case.risk} risk, "
        f"service {case.service or 'unknown'}, environment {case.environment or 'unknown'}"
    )


def _perhaps(rule: Rule, case: Case) -> str:
    """Return what is not known about the case, when that is why a rule forbids it."""
    unknown = [
        name
        for name, pattern, value in (
            ("service", rule.service, case.service),
            ("environment", rule.environment, case.environment),
        )
        if not fnmatchcase(value, pattern)
    ]
    return f", whose {' and '.join(unknown)} is not known" if unknown else ""


def proposable(policy: Policy, case: Case) -> Rule | Refuse:
    """Return the rule under which humans may be asked now, or why they may not be."""
    rule = enabled(policy, case)
    if isinstance(rule, Refuse):
        return rule
    if rule.dry_run_required and not case.previewed:
        return Refuse(rule, f"rule {rule.name} asks for a preview, and {case.action} has none")
    quiet = _quiet(policy, rule, case)
    return rule if quiet.met else Refuse(rule, quiet.words)


def quorum(rule: Rule, risk: Risk) -> int:
    """Return how many distinct persons must approve: the rule's number, and two for high (E-22)."""
    return max(rule.min_approvals, 2 if risk == "high" else 1)


def may_approve(rule: Rule, case: Case, person: Person) -> bool:
    """True when the rule names the person: by name, group, ownership, or being on call."""
    names = {f"person:{person.name}", *(f"group:{group}" for group in person.groups)}
    if case.owner and case.owner in {person.name, *person.groups}:
        names.add("owner")
    if person.name in case.on_call:
        names.add("on_call")
    return not names.isdisjoint(rule.approvers)


def evaluate(
    policy: Policy,
    case: Case,
    person: Person,
    decisions: Iterable[tuple[datetime, DecisionMade]],
    *,
    verdict: Wish = "approve",
) -> Allow | Refuse:
    """Say whether `person` may decide this case now, given the decisions made so far.

    A person counts once, through whatever surface (E-22). Whoever asked for an action or changed
    it may approve it only at low risk, where the rule says so (E-23). One denial is enough, and
    whoever may approve may deny, at any hour and on any channel; so may whoever asked. An unknown
    outcome is settled by whoever may approve, at any hour.
    """
    rule = rule_for(policy, case)
    broken = next((one for one in criteria(policy, case, person, verdict) if not one.met), None)
    if broken is not None:
        return Refuse(rule, broken.words)
    if rule is None or verdict == "deny":
        return Allow(rule or OWN_REQUEST, 0)
    others = {
        made.person
        for _, made in decisions
        if made.verdict == "approve"
        and (not case.wanted_by(made.person) or may_approve_own(rule, case))
    } - {person.name}
    missing = max(quorum(rule, case.risk) - len(others) - 1, 0)
    return Allow(rule, missing)


def criteria(
    policy: Policy, case: Case, person: Person, verdict: Wish = "approve"
) -> Iterator[Criterion]:
    """Yield everything that this person's verdict asks for, the weightiest first.

    All are met, or the first that is not is the reason of the refusal. Without a rule that allows
    the action nothing more is asked about an approval.
    """
    yield Criterion(
        "person",
        person.active,
        f"{person.name} is active" if person.active else f"{person.name} is not active any more",
    )
    rule = rule_for(policy, case)
    if verdict == "deny":
        yield _may_deny(rule, case, person)
        return
    found = enabled(policy, case)
    if isinstance(found, Refuse):
        yield Criterion("rule", met=False, words=found.why)
        return
    yield Criterion("rule", met=True, words=f"rule {found.name} is the first that fits")
    yield _named(found, case, person)
    yield _channel(found, case)
    yield _others(found, case, person)
    if verdict == "approve":
        yield _quiet(policy, found, case)


def may_approve_own(rule: Rule, case: Case) -> bool:
    """True when whoever wants it may approve it (E-23)."""
    return rule.self_approval and case.risk == "low"


def _may_deny(rule: Rule | None, case: Case, person: Person) -> Criterion:
    if case.wanted_by(person.name):
        return Criterion("approver", met=True, words="who asked for it may always take it back")
    if rule is None:
        words = f"no rule of policy.yaml that fits names who may edit or deny {case.action}"
        return Criterion("approver", met=False, words=words)
    return _named(rule, case, person)


def _named(rule: Rule, case: Case, person: Person) -> Criterion:
    who = ", ".join(rule.approvers) or "nobody"
    if may_approve(rule, case, person):
        return Criterion("approver", met=True, words=f"{person.name} is among {who}")
    return Criterion(
        "approver",
        met=False,
        words=f"rule {rule.name}: only {who} may decide {case.risk}-risk {case.action}; "
        f"you ({person.name}) are not among them",
    )


def _channel(rule: Rule, case: Case) -> Criterion:
    where = ", ".join(rule.channels)
    if not rule.channels:
        return Criterion("channel", met=True, words="any channel will do")
    if case.channel in rule.channels:
        return Criterion("channel", met=True, words=f"it comes through {case.channel}")
    words = f"rule {rule.name}: decisions count only through {where}"
    return Criterion("channel", met=False, words=words)


def _others(rule: Rule, case: Case, person: Person) -> Criterion:
    if not case.wanted_by(person.name):
        return Criterion("requester", met=True, words=f"{person.name} did not ask for it")
    if may_approve_own(rule, case):
        words = f"rule {rule.name} lets who asked approve low risk"
        return Criterion("requester", met=True, words=words)
    asked = f"person:{person.name}" == case.requested_by
    did = "asked for" if asked else "changed"
    words = f"you {did} this {case.risk}-risk action; somebody else decides"
    return Criterion("requester", met=False, words=words)


def _quiet(policy: Policy, rule: Rule, case: Case) -> Criterion:
    if not rule.quiet_hours:
        return Criterion("hours", met=True, words="any hour will do")
    if case.at is None:
        words = f"rule {rule.name} has quiet hours, and the time is not known"
        return Criterion("hours", met=False, words=words)
    for name in rule.quiet_hours:
        hours = policy.quiet_hours.get(name)
        if hours is None or hours.holds(case.at):
            words = f"rule {rule.name} allows nothing in its quiet hours {name} ({hours})"
            return Criterion("hours", met=False, words=words)
    return Criterion("hours", met=True, words=f"it is not {' or '.join(rule.quiet_hours)}")
