import pytest

from bot.errors import ConfigError
from bot.knowledge.people import OPERATOR, parse

PEOPLE = parse(
    "people.yaml",
    """
people:
- {name: dana, groups: [sre, payments], identities: ["slack:T1/U1", "web:dana"]}
- {name: sam, groups: [sre], identities: ["slack:T1/U2"]}
""",
)


def test_people_are_found_by_name_identity_and_group() -> None:
    dana, sam = PEOPLE.people[:2]
    assert PEOPLE.get("dana") is dana
    assert PEOPLE.of("slack:T1/U2") is sam
    assert PEOPLE.in_group("sre") == (dana, sam)


@pytest.mark.parametrize("actor", ["", "slack:T1/u1", "slack:T1/U9", "dana", "web:T1/U1"])
def test_an_identity_is_compared_exactly(actor: str) -> None:
    assert PEOPLE.of(actor) is None


def test_an_unknown_name_or_group_is_nobody() -> None:
    assert PEOPLE.get("Dana") is None
    assert PEOPLE.in_group("") == ()


def test_the_operator_is_always_there_and_may_be_named_otherwise() -> None:
    assert PEOPLE.get("operator") == OPERATOR
    own = parse("people.yaml", "people: [{name: operator, groups: [sre]}]")
    assert [person.groups for person in own.people] == [("sre",)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("people: [{name: a}, {name: a}]", "stands there twice"),
        ("people: [{name: a b}]", "letters, digits"),
        ("people: [{name: a, identities: [U1]}]", "write channel:id"),
        (
            "people: [{name: a, identities: ['web:x']}, {name: b, identities: ['web:x']}]",
            "web:x already belongs to a",
        ),
        ("people: [{name: a, admn: true}]", "people[0].admn: is not a key I know"),
    ],
)
def test_a_broken_file_says_where(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse("people.yaml", text)
    assert words in str(caught.value)
