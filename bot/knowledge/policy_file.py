"""`policy.yaml` as a Policy: parsed and checked here, decided elsewhere."""

import re
from collections.abc import Iterator

from bot.errors import ConfigError
from bot.incident.model import Policy, Rule, Value
from bot.knowledge import document
from bot.knowledge.people import People

FILE = "policy.yaml"
_APPROVER = re.compile(r"owner|(?:group|person):[\w.@+-]{1,100}")


class PolicyFile(Value):
    """The shape of `policy.yaml`."""

    rules: tuple[Rule, ...] = ()


def parse(path: str, text: str) -> Policy:
    """Return the policy that `text` writes, without its digest; an empty file allows nothing.

    Raises:
        ConfigError: Not of this shape; two rules share a name; a rule that allows names no
            approver, or asks for fewer than one approval; an approver that is not `owner`,
            `group:name` or `person:name`.
    """
    found = document.read(path, text)
    rules = found.validate(PolicyFile).rules
    faults = [
        f"{path} line {found.line('rules', place)}: rules[{place}] {rule.name!r}: {fault}"
        for place, rule in enumerate(rules)
        for fault in _faults(rule, rules[:place])
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    return Policy(rules=rules)


def unreachable(policy: Policy, people: People) -> list[str]:
    """Return what makes a sound policy useless: approvers nobody is, quorums nobody can reach."""
    return [
        f"{FILE}: rule {rule.name!r}: {problem}"
        for rule in policy.rules
        if rule.allow
        for problem in _reachable(rule, people)
    ]


def _faults(rule: Rule, earlier: tuple[Rule, ...]) -> Iterator[str]:
    if not rule.name.strip():
        yield "name: is empty; a decision is recorded under its rule's name"
    if any(other.name == rule.name for other in earlier):
        yield "another rule has this name; rename one"
    if rule.allow and not rule.approvers:
        yield "allows without approvers; name group:…, person:… or owner"
    for approver in rule.approvers:
        if not _APPROVER.fullmatch(approver):
            yield f"approvers: {approver!r} is not owner, group:<name> or person:<name>"


def _reachable(rule: Rule, people: People) -> Iterator[str]:
    named: set[str] = set()
    for approver in rule.approvers:
        kind, _, name = approver.partition(":")
        if kind == "person" and people.get(name) is None:
            yield f"there is no person {name!r} in people.yaml"
        if kind == "group" and not people.in_group(name):
            yield f"nobody in people.yaml is in the group {name!r}"
        named |= {name} if kind == "person" and people.get(name) else set()
        named |= {person.name for person in people.in_group(name)} if kind == "group" else set()
    if "owner" not in rule.approvers and 0 < len(named) < rule.min_approvals:
        yield f"needs {rule.min_approvals} approvals, and only {len(named)} people may give one"
