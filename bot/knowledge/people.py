"""`people.yaml` as People: who is who, by name, by channel identity and by group."""

import re
from dataclasses import dataclass, field

from pydantic import Field

from bot.errors import ConfigError
from bot.incident.model import Person, Value
from bot.knowledge import document

FILE = "people.yaml"
OPERATOR = Person(name="operator", title="Operator (first-run token)", admin=True)
"""Whom the first-run token logs in as; present even when the file does not name them."""

_IDENTITY = re.compile(r"[a-z][a-z0-9_]{0,31}:\S{1,200}")
_NAME = re.compile(r"[\w.@+-]{1,100}")


class PeopleFile(Value):
    """The shape of `people.yaml`."""

    people: tuple[Person, ...] = Field(default=())


@dataclass(frozen=True)
class People:
    """Every person in file order; names and identities each belong to one of them."""

    people: tuple[Person, ...] = ()
    _by_name: dict[str, Person] = field(init=False, repr=False, compare=False)
    _by_identity: dict[str, Person] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = {person.name: person for person in self.people}
        known = {actor: person for person in self.people for actor in person.identities}
        object.__setattr__(self, "_by_name", named)
        object.__setattr__(self, "_by_identity", known)

    def get(self, name: str) -> Person | None:
        """Return the person of exactly that name, or None."""
        return self._by_name.get(name)

    def of(self, actor: str) -> Person | None:
        """Return the person linked to the actor `channel:id`, compared exactly, or None."""
        return self._by_identity.get(actor)

    def in_group(self, group: str) -> tuple[Person, ...]:
        """Return the members of a group in file order; empty when there is no such group."""
        return tuple(person for person in self.people if group in person.groups)


def parse(path: str, text: str) -> People:
    """Return the people that `text` writes, and the operator when it does not name one.

    Raises:
        ConfigError: Not of this shape, or a name or an identity that is odd or there twice.
    """
    found = document.read(path, text)
    people = found.validate(PeopleFile).people
    names: set[str] = set()
    owners: dict[str, str] = {}
    for place, person in enumerate(people):
        where = f"{path} line {found.line('people', place)}: people[{place}]"
        if not _NAME.fullmatch(person.name):
            raise ConfigError(f"{where}.name: {person.name!r}: letters, digits and . @ + - _ only")
        if person.name in names:
            raise ConfigError(f"{where}.name: {person.name!r} stands there twice; merge them")
        names.add(person.name)
        for actor in person.identities:
            if not _IDENTITY.fullmatch(actor):
                raise ConfigError(f"{where}.identities: {actor!r}: write channel:id, slack:T1/U1")
            if owners.setdefault(actor, person.name) != person.name:
                raise ConfigError(
                    f"{where}.identities: {actor} already belongs to {owners[actor]}; "
                    "one identity is one person"
                )
    return People(people if OPERATOR.name in names else (*people, OPERATOR))
