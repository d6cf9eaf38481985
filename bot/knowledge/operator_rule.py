"""When the operator's token no longer decides: as soon as somebody real may (issue 4, step-up)."""

from collections.abc import Iterable

from bot.incident.authority import Person, Policy
from bot.knowledge.case import Known
from bot.knowledge.people import OPERATOR, People

SIGN_IN = "Sign in as yourself: triagebot people link NAME"


def names_an_approver(policy: Policy, people: People, owners: Iterable[str]) -> bool:
    """True when some rule lets somebody of people.yaml other than the operator decide.

    `owners` are the owners of the services, as services.yaml has them. A word for approvers that
    is not known here is taken to name everybody: then the operator decides less, not more.
    """
    others = [one for one in people.people if one.active and one.name != OPERATOR.name]
    owning = frozenset(owners)
    words = {word for rule in policy.rules if rule.allow for word in rule.approvers}
    return any(_meant(word, one, owning) for word in words for one in others)


def stands_back(person: Person, policy: Policy, known: Known) -> str:
    """Return why this person decides nothing because it is the operator; "" when it may."""
    if person.name != OPERATOR.name:
        return ""
    owners = (service.owner for service in known.catalogue.services)
    if not names_an_approver(policy, known.people, owners):
        return ""
    return (
        "the operator's token decides nothing here, because people.yaml and policy.yaml name "
        f"who does. {SIGN_IN}"
    )


def _meant(word: str, person: Person, owning: frozenset[str]) -> bool:
    kind, _, name = word.partition(":")
    match kind:
        case "person":
            return person.name == name
        case "group":
            return name in person.groups
        case "owner":
            return not owning.isdisjoint({person.name, *person.groups})
        case _:
            return True
