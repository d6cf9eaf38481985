"""When somebody other than the operator may decide, by the files alone."""

from dataclasses import dataclass, field

import pytest

from bot.incident.authority import Person, Policy, Rule
from bot.incident.model import Service
from bot.knowledge.catalog import Catalogue
from bot.knowledge.operator_rule import names_an_approver, stands_back
from bot.knowledge.people import OPERATOR, People

DANA = Person(name="dana", groups=("sre",))


def named(*words: str, allow: bool = True, person: Person = DANA) -> bool:
    policy = Policy(rules=(Rule(name="r", approvers=words, allow=allow),))
    return names_an_approver(policy, People((person, OPERATOR)), ["payments", "dana"])


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("person:dana", True),
        ("person:operator", False),
        ("group:sre", True),
        ("group:payments", False),
        ("owner", True),
        ("a word of a later version", True),
    ],
)
def test_an_approver_is_named_by_person_group_or_ownership(word: str, expected: bool) -> None:
    assert named(word) is expected


def test_whoever_owns_nothing_is_no_owner() -> None:
    assert not named("owner", person=Person(name="eve", groups=("sre",)))
    assert named("owner", person=Person(name="eve", groups=("payments",)))


def test_what_is_forbidden_or_gone_names_nobody() -> None:
    assert not named("person:dana", allow=False)
    assert not named("person:dana", person=DANA.model_copy(update={"active": False}))
    assert not named()


@dataclass(frozen=True)
class Written:
    """What a team wrote down."""

    people: People
    catalogue: Catalogue = field(default_factory=lambda: Catalogue(()))


def test_only_the_operator_stands_back() -> None:
    policy = Policy(rules=(Rule(name="r", approvers=("group:sre", "owner")),))
    both, alone = Written(People((DANA, OPERATOR))), Written(People((OPERATOR,)))
    assert stands_back(DANA, policy, both) == ""
    assert "triagebot people link NAME" in stands_back(OPERATOR, policy, both)
    assert stands_back(OPERATOR, policy, alone) == ""


def test_an_owner_of_some_service_is_somebody_else() -> None:
    policy = Policy(rules=(Rule(name="r", approvers=("owner",)),))
    owned = Catalogue((Service(name="checkout", owner="sre"),))
    people = People((DANA, OPERATOR))
    assert stands_back(OPERATOR, policy, Written(people, owned))
    assert stands_back(OPERATOR, policy, Written(people)) == ""
