"""What the policy was asked and by which rule it refused, for whoever replays it (E-20). Pure."""

from dataclasses import replace

from bot.incident.authority import Person
from bot.incident.policy import Case, Refuse
from bot.knowledge.case import as_asked
from bot.ports import Refusal


def replayable(
    refusal: Refusal, case: Case, person: Person, refuse: Refuse, policy_digest: str
) -> Refusal:
    """Return the refusal, its facts filled with who asked what, under which policy."""
    asked = {
        "person": person.name,
        "groups": person.groups,
        "rule": refuse.rule.name if refuse.rule is not None else "",
        "policy_digest": policy_digest,
        "case": as_asked(case),
    }
    return replace(refusal, facts=tuple(fact.model_copy(update=asked) for fact in refusal.facts))
