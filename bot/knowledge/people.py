"""`people.yaml` as People: who is who, by name, identity and group, and who is on call when."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import Field

from bot.errors import ConfigError
from bot.incident.authority import Person
from bot.incident.model import Value
from bot.incident.rota import Rota, serving
from bot.knowledge import document, rotas

FILE = "people.yaml"
OPERATOR = Person(name="operator", title="Operator (first-run token)", admin=True)
"""Whom the first-run token logs in as; present even when the file does not name them."""

_IDENTITY = re.compile(r"[a-z][a-z0-9_]{0,31}:\S{1,200}")
_NAME = re.compile(r"[\w.@+-]{1,100}")


class PeopleFile(Value):
    """The shape of `people.yaml`."""

    people: tuple[Person, ...] = Field(default=())
    rotas: tuple[Rota, ...] = ()


@dataclass(frozen=True)
class People:
    """Every person and every rota in file order; a name or an identity belongs to one person."""

    people: tuple[Person, ...] = ()
    rotas: tuple[Rota, ...] = ()
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

    def on_call(
        self, owner: str, at: datetime, level: int = 1, service: str = ""
    ) -> tuple[Person, ...]:
        """Return who is on call at `at` (aware) for `service`, which `owner` owns; maybe nobody.

        A rota that names the service decides, else one of its owner; there, whoever overrides the
        level goes before whose turn it is. Who is not active is never on call. Without any rota
        level 1 are the owner's active persons, and there is no other level.
        """
        rota = serving(self.rotas, owner, service)
        if rota is not None:
            return self._active(rota.stand_ins(at, level)) or self._active(
                rota.scheduled(at, level)
            )
        if level != 1 or not owner:
            return ()
        return tuple(
            person
            for person in self.people
            if person.active and owner in {person.name, *person.groups}
        )

    def _active(self, names: tuple[str, ...]) -> tuple[Person, ...]:
        found = (self.get(name) for name in names)
        return tuple(person for person in found if person is not None and person.active)

    def in_group(self, group: str) -> tuple[Person, ...]:
        """Return the members of a group in file order; empty when there is no such group."""
        return tuple(person for person in self.people if group in person.groups)


def is_identity(actor: str) -> bool:
    """True when `actor` has the form `channel:id` in which identities are written."""
    return _IDENTITY.fullmatch(actor) is not None


def is_quiet(person: Person, at: datetime) -> bool:
    """True when the person asked not to be called at `at` (aware)."""
    return person.quiet_hours is not None and person.quiet_hours.holds(at)


def parse(path: str, text: str) -> People:
    """Return the people that `text` writes, and the operator when it does not name one.

    Raises:
        ConfigError: Not of this shape; a name or an identity that is odd or there twice; a rota
            that names nobody known, or serves what another one serves.
    """
    found = document.read(path, text)
    file = found.validate(PeopleFile)
    for place, person in enumerate(file.people):
        for fault in _person_faults(person, file.people[:place]):
            where = f"{path} line {found.line('people', place)}: people[{place}]"
            raise ConfigError(f"{where}.{fault}")
    names = {person.name for person in file.people}
    known = names | {OPERATOR.name}
    for place, rota in enumerate(file.rotas):
        for inside, fault in rotas.rota_faults(rota, file.rotas[:place], known):
            line = found.line("rotas", place, *inside)
            raise ConfigError(f"{path} line {line}: rotas[{place}] {rota.name!r}: {fault}")
    people = file.people if OPERATOR.name in names else (*file.people, OPERATOR)
    return People(people, file.rotas)


def _person_faults(person: Person, earlier: tuple[Person, ...]) -> Iterator[str]:
    if not _NAME.fullmatch(person.name):
        yield f"name: {person.name!r}: letters, digits and . @ + - _ only"
    if any(other.name == person.name for other in earlier):
        yield f"name: {person.name!r} stands there twice; merge them"
    for actor in person.identities:
        if not _IDENTITY.fullmatch(actor):
            yield f"identities: {actor!r}: write channel:id, slack:T1/U1"
        for other in earlier:
            if actor in other.identities:
                yield (
                    f"identities: {actor} already belongs to {other.name}; "
                    "one identity is one person"
                )
