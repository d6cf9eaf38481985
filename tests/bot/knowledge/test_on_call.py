from datetime import UTC, datetime

import pytest

from bot.errors import ConfigError
from bot.knowledge.people import People, is_quiet, parse
from bot.knowledge.reach import turns_of_nobody

PERSONS = """
people:
- {name: dana, groups: [sre], quiet_hours: {from: "22:00", until: "07:00", zone: Europe/Berlin}}
- {name: sam, groups: [sre]}
- {name: eve, groups: [payments]}
- {name: gone, groups: [sre, payments], active: false}
"""
ROTAS = """
rotas:
- name: sre
  levels:
  - {persons: [dana, gone, sam], starts: "2026-01-05T09:00:00+01:00", every: 7d}
  - {persons: [eve]}
  overrides:
  - {person: eve, from: 2026-01-06T00:00:00Z, until: 2026-01-07T00:00:00Z}
  - {person: gone, from: 2026-01-08T00:00:00Z, until: 2026-01-09T00:00:00Z}
- name: shop
  services: [checkout]
  levels: [{persons: [eve]}]
"""
PEOPLE = parse("people.yaml", PERSONS + ROTAS)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def names(people: People, owner: str, at: str, level: int = 1, service: str = "") -> list[str]:
    return [person.name for person in people.on_call(owner, utc(at), level, service)]


@pytest.mark.parametrize(
    ("at", "level", "who"),
    [
        pytest.param("2026-01-05T07:59", 1, [], id="a-gap-before-the-first-turn"),
        pytest.param("2026-01-05T08:00", 1, ["dana"], id="first-turn"),
        pytest.param("2026-01-06T12:00", 1, ["eve"], id="overridden"),
        pytest.param("2026-01-08T12:00", 1, ["dana"], id="by-one-who-is-gone"),
        pytest.param("2026-01-12T08:00", 1, [], id="the-turn-of-one-who-is-gone"),
        pytest.param("2026-01-19T08:00", 1, ["sam"], id="third-turn"),
        pytest.param("2026-01-19T08:00", 2, ["eve"], id="level-two"),
        pytest.param("2026-01-19T08:00", 3, [], id="no-level-three"),
        pytest.param("2026-01-19T08:00", 0, [], id="no-level-nought"),
    ],
)
def test_who_is_on_call_by_the_rota_of_the_owner(at: str, level: int, who: list[str]) -> None:
    assert names(PEOPLE, "sre", at, level) == who


def test_a_rota_of_the_service_goes_first() -> None:
    assert names(PEOPLE, "sre", "2026-01-19T08:00", 1, "Checkout") == ["eve"]
    assert names(PEOPLE, "sre", "2026-01-19T08:00", 1, "billing") == ["sam"]


def test_without_a_rota_the_owners_active_people_are_level_one() -> None:
    alone = parse("people.yaml", PERSONS)
    assert names(alone, "sre", "2026-01-12T08:00") == ["dana", "sam"]
    assert names(alone, "dana", "2026-01-12T08:00") == ["dana"]
    assert names(alone, "sre", "2026-01-12T08:00", 2) == []
    assert names(alone, "", "2026-01-12T08:00") == []


def test_quiet_hours_are_those_of_the_person() -> None:
    dana, sam = PEOPLE.people[:2]
    assert is_quiet(dana, utc("2026-01-05T21:00"))
    assert not is_quiet(dana, utc("2026-01-05T20:59"))
    assert not is_quiet(sam, utc("2026-01-05T21:00"))


def test_a_turn_of_somebody_who_left_is_told() -> None:
    assert turns_of_nobody(PEOPLE) == [
        "people.yaml: rota 'sre': gone is not active, so that turn is nobody's"
    ]


@pytest.mark.parametrize(
    ("rota", "words"),
    [
        (
            "- {name: sre, levels: [{persons: [sam, zoe]}]}",
            "people.yaml line 10: rotas[1] 'sre': there is no person 'zoe'",
        ),
        (
            (
                "- name: sre\n  levels: [{persons: [sam]}]\n  overrides:\n"
                "  - {person: zoe, from: 2026-01-06T00:00:00Z, until: 2026-01-07T00:00:00Z}"
            ),
            "people.yaml line 13: rotas[1] 'sre': there is no person 'zoe'",
        ),
        (
            (
                "- name: sre\n  levels: [{persons: [sam]}]\n  overrides:\n"
                "  - {person: sam, level: 2, from: 2026-01-06T00:00Z, until: 2026-01-07T00:00Z}"
            ),
            "it overrides level 2, and there is none",
        ),
        ("- {name: x, levels: [{persons: [sam]}]}", "another rota has this name"),
        (
            "- {name: y, owners: [x], levels: [{persons: [sam]}]}",
            "rota 'x' serves what x owns already",
        ),
        (
            "- {name: y, services: [SHOP], levels: [{persons: [sam]}]}",
            "rota 'x' serves SHOP already",
        ),
        ("- {name: y, levels: []}", "rotas[1].levels"),
        ("- {name: y, levels: [{persons: [sam], every: 7d}]}", "needs both starts and every"),
        ("- {name: y, level: [{persons: [sam]}]}", "is not a key I know"),
    ],
)
def test_a_broken_rota_says_where(rota: str, words: str) -> None:
    first = "rotas:\n- {name: x, owners: [x], services: [shop], levels: [{persons: [sam]}]}"
    with pytest.raises(ConfigError) as caught:
        parse("people.yaml", f"{PERSONS}\n{first}\n{rota}")
    assert words in str(caught.value)


def test_quiet_hours_in_no_time_zone_are_refused() -> None:
    text = 'people: [{name: a, quiet_hours: {from: "22:00", until: "07:00", zone: Mars}}]'
    with pytest.raises(ConfigError, match=r"people\[0\].quiet_hours.zone: .*no time zone 'Mars'"):
        parse("people.yaml", text)
