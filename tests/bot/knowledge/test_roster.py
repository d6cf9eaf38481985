"""Whom a call names: rota, approvers, owner, quiet hours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from bot.incident.authority import Person, Policy, Rule
from bot.incident.call import Call
from bot.incident.fact import Fact
from bot.incident.model import Severity
from bot.incident.reducer import State, fold
from bot.knowledge.catalog import Catalogue
from bot.knowledge.people import People, parse
from bot.knowledge.roster import Callees, Roster
from tests.bot.incident.making import (
    at,
    context,
    decided,
    opened,
    proposal,
    proposed,
    received,
    thread,
)

DANA = Person(name="dana", groups=("sre",))
EVE = Person(name="eve", groups=("sre",))
LEAD = Person(name="lead", groups=("leads",))
GONE = Person(name="gone", groups=("sre",), active=False)
RULE = Rule(name="rollback", action="job_run:rollback", approvers=("group:sre",))
P = "7F3KQ2AB"


@dataclass
class Known:
    """What a team wrote down; `rota` maps a level to names, and is None where there is no rota."""

    rota: Mapping[int, tuple[str, ...]] | None = None
    owned_by: str = "sre"
    catalogue: Catalogue = field(default_factory=Catalogue)
    people: People = field(default_factory=lambda: People((DANA, EVE, LEAD, GONE)))
    policy: Policy = field(default_factory=lambda: Policy(rules=(RULE,), digest="1" * 64))

    def owner(self, service: str) -> str:
        return self.owned_by if service else ""

    def on_call(self, service: str, at: datetime, level: int = 1) -> tuple[Person, ...]:
        if self.rota is None:
            found = self.people.people if level == 1 else ()
            return tuple(p for p in found if p.active and self.owned_by in {p.name, *p.groups})
        named = (self.people.get(name) for name in self.rota.get(level, ()))
        return tuple(one for one in named if one is not None)


def state(*more: Fact, severity: Severity = "high", **changed: object) -> State:
    asked = proposed(proposal(P, **changed))
    return fold(thread([opened(severity), received(), context(), asked, *more]))


def sleeping(*names: str):
    def is_quiet(person: Person, _at: datetime) -> bool:
        return person.name in names

    return is_quiet


def about_proposal(level: int) -> Call:
    return Call("proposal", level, "nobody decided", P)


def about_incident(level: int, *also: str) -> Call:
    return Call("incident", level, "nobody acknowledged it", also=also)


@pytest.mark.parametrize(
    ("rota", "call", "named", "last"),
    [
        (None, about_incident(1), ("dana", "eve"), False),
        (None, about_incident(2), ("dana", "eve"), True),
        ({1: ("dana",), 2: ("lead",)}, about_incident(1), ("dana",), False),
        ({1: ("dana",), 2: ("lead",)}, about_incident(2), ("lead",), True),
        ({1: ("dana",)}, about_incident(2), ("dana", "eve"), True),
        ({1: ("dana",), 2: ("eve",), 3: ("lead",)}, about_incident(2), ("eve",), False),
        ({1: ("dana",), 2: ("eve",), 3: ("lead",)}, about_incident(3), ("lead",), True),
        ({1: ("lead",)}, about_proposal(1), ("dana", "eve"), False),
        ({1: ("lead", "eve")}, about_proposal(1), ("eve",), False),
        ({1: ("eve",), 2: ("lead",)}, about_proposal(2), ("lead",), True),
        ({1: ("gone",)}, about_incident(1), (), False),
        ({1: ("eve",)}, about_incident(1, "dana"), ("eve", "dana"), False),
        ({1: ("eve",)}, about_incident(1, "eve", "gone", "who"), ("eve",), False),
    ],
)
def test_g51_who_is_called(
    rota: Mapping[int, tuple[str, ...]] | None, call: Call, named: tuple[str, ...], last: bool
) -> None:
    found = Roster(Known(rota)).callees(state(), call, at(10))
    assert (found.persons, found.last) == (named, last)
    assert found.to == (", ".join(named) or "nobody")


def test_g51_nobody_is_on_call_and_nobody_owns_it() -> None:
    roster = Roster(Known({}, owned_by=""))
    assert roster.callees(state(), about_incident(1), at(10)) == Callees(last=True)
    found = Roster(Known(None, owned_by="")).callees(state(), about_proposal(1), at(10))
    assert found.persons == ("dana", "eve")


def test_whoever_decided_or_asked_for_it_is_not_called() -> None:
    roster = Roster(Known({1: ("dana", "eve"), 2: ("dana", "lead")}))
    half = state(decided(proposed(proposal(P)), person="dana"))
    assert roster.callees(half, about_proposal(1), at(10)).persons == ("eve",)
    assert roster.callees(half, about_proposal(2), at(10)).persons == ("lead",)
    own = state(requested_by="person:eve")
    assert roster.callees(own, about_proposal(1), at(10)).persons == ("dana",)
    low = state(requested_by="person:eve", risk="low")
    assert roster.callees(low, about_proposal(1), at(10)).persons == ("dana",)
    kind = Policy(rules=(RULE.model_copy(update={"self_approval": True}),))
    roster = Roster(Known({1: ("dana", "eve")}, policy=kind))
    assert roster.callees(low, about_proposal(1), at(10)).persons == ("dana", "eve")


@pytest.mark.parametrize(
    ("severity", "named", "quiet"),
    [
        ("critical", ("dana", "eve"), ()),
        ("high", ("dana",), ("eve",)),
        ("info", ("dana",), ("eve",)),
    ],
)
def test_g51_quiet_hours_hold_for_all_but_critical(
    severity: Severity, named: tuple[str, ...], quiet: tuple[str, ...]
) -> None:
    roster = Roster(Known(), sleeping("eve"))
    found = roster.callees(state(severity=severity), about_incident(1), at(10))
    assert (found.persons, found.quiet) == (named, quiet)


def test_g51_when_all_have_quiet_hours_nobody_is_named_and_it_goes_on() -> None:
    roster = Roster(Known(), sleeping("eve", "dana"))
    found = roster.callees(state(), about_incident(1), at(10))
    assert found == Callees((), ("dana", "eve"), "nobody", last=False)


def test_a_proposals_card_names_who_is_on_call_and_may_decide() -> None:
    roster = Roster(Known({1: ("lead", "eve")}), sleeping("dana"))
    thread_of = state()
    view = thread_of.incident.proposals[P]
    assert roster.approvers(thread_of, view, at(3)).persons == ("eve",)
    nobody = Roster(Known({1: ("lead",)}))
    assert nobody.approvers(thread_of, view, at(3)).persons == ()
    forbidden = Roster(Known(policy=Policy()))
    assert forbidden.approvers(thread_of, view, at(3)).persons == ()


WRITTEN = """
people:
- {name: dana, groups: [sre], quiet_hours: {from: "22:00", until: "07:00", zone: Europe/Berlin}}
- {name: sam, groups: [sre]}
- {name: lead}
rotas:
- name: sre
  levels:
  - {persons: [dana]}
  - {persons: [lead]}
"""


class Folder(Known):
    """What `people.yaml` itself says, rota and quiet hours and all."""

    def on_call(self, service: str, at: datetime, level: int = 1) -> tuple[Person, ...]:
        return self.people.on_call("sre", at, level, service)


@pytest.mark.parametrize(
    ("severity", "named", "quiet"),
    [("high", (), ("dana",)), ("critical", ("dana",), ())],
)
def test_g51_a_rota_and_quiet_hours_as_people_yaml_writes_them(
    severity: Severity, named: tuple[str, ...], quiet: tuple[str, ...]
) -> None:
    roster = Roster(Folder(people=parse("people.yaml", WRITTEN)))
    night, day = at(0), at(8 * 3600)
    found = roster.callees(state(severity=severity), about_incident(1), night)
    assert (found.persons, found.quiet, found.last) == (named, quiet, False)
    above = roster.callees(state(severity=severity), about_incident(2), night)
    assert (above.persons, above.last) == (("lead",), True)
    assert roster.callees(state(), about_incident(1), day).persons == ("dana",)
