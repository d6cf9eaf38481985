"""Whom a policy reaches: approvers nobody is, quorums nobody can reach, channels nobody hears."""

from collections.abc import Collection, Iterator

from bot.incident.authority import Policy, Rule
from bot.knowledge.people import FILE as PEOPLE_FILE
from bot.knowledge.people import People
from bot.knowledge.policy_file import FILE

OPEN_ENDED = frozenset({"owner", "on_call"})
"""Approvers that depend on the service and the hour: nobody can count them beforehand."""


def unreachable(policy: Policy, people: People) -> list[str]:
    """Return what makes a sound policy useless: approvers nobody is, quorums nobody can reach."""
    return [
        f"{FILE}: rule {rule.name!r}: {problem}"
        for rule in policy.rules
        if rule.allow
        for problem in _reachable(rule, people)
    ]


def turns_of_nobody(people: People) -> list[str]:
    """Return which rotas count on somebody who is not active any more: their turn is nobody's."""
    return [
        f"{PEOPLE_FILE}: rota {rota.name!r}: {name} is not active, so that turn is nobody's"
        for rota in people.rotas
        for name in sorted(rota.names())
        if (person := people.get(name)) is not None and not person.active
    ]


def unheard(policy: Policy, channels: Collection[str]) -> list[str]:
    """Return which rules count on a channel that is not among `channels`: a misspelt one, maybe."""
    return [
        f"{FILE}: rule {rule.name!r}: there is no channel {channel!r} here; there are "
        f"{', '.join(sorted(channels))}"
        for rule in policy.rules
        for channel in rule.channels
        if channel not in channels
    ]


def _reachable(rule: Rule, people: People) -> Iterator[str]:
    named: set[str] = set()
    for approver in rule.approvers:
        kind, _, name = approver.partition(":")
        person = people.get(name) if kind == "person" else None
        members = people.in_group(name) if kind == "group" else ()
        if kind == "person" and person is None:
            yield f"there is no person {name!r} in people.yaml"
        if person is not None and not person.active:
            yield f"{name} is not active any more"
        if kind == "group" and not members:
            yield f"nobody in people.yaml is in the group {name!r}"
        named |= {one.name for one in (person, *members) if one is not None and one.active}
    needed = 2 if rule.risk == ("high",) else rule.min_approvals
    needed = max(needed, rule.min_approvals)
    if OPEN_ENDED.isdisjoint(rule.approvers) and 0 < len(named) < needed:
        yield f"needs {needed} approvals, and only {len(named)} people may give one"
