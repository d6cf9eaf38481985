"""Everybody as lines of text: what people.yaml says, and what the stream `house` adds to it."""

from datetime import datetime
from pathlib import Path

from bot.app.library import FolderLibrary
from bot.incident.authority import Person
from bot.incident.fact import HOUSE
from bot.incident.house import House, extend_house
from bot.ports import Log
from channels.console.text import visible


async def people_lines(log: Log, knowledge: Path, now: datetime) -> list[str]:
    """Return everybody, in the order of people.yaml; then accounts linked to nobody known.

    Raises:
        ConfigError: The knowledge folder cannot be read.
    """
    people = FolderLibrary(knowledge).people
    house = extend_house(House(), await log.load(HOUSE))
    lines = [line for person in people.people for line in _lines(person, house, now)]
    lost = [
        f"{actor} is linked to {name}, who is not in people.yaml"
        for actor, name in sorted(house.links.items())
        if people.get(name) is None
    ]
    return [visible(line) for line in (*lines, *lost)]


def _lines(person: Person, house: House, now: datetime) -> list[str]:
    marks = [*(["admin"] if person.admin else []), *([] if person.active else ["NOT ACTIVE"])]
    groups = ", ".join(person.groups) or "no group"
    lines = [f"{person.name:<16} {'; '.join([groups, *marks])}"]
    lines += [f"  {actor} (people.yaml)" for actor in person.identities]
    lines += [
        f"  {actor} (linked)"
        for actor, name in sorted(house.links.items())
        if name == person.name and actor not in person.identities
    ]
    for token in house.keys.of(person.name):
        if token.revoked_at is None:
            until = f"{token.expires_at:%Y-%m-%d}"
            state = f"until {until}" if token.good(now) else f"ran out on {until}"
            lines.append(f"  token {token.name}, {state}")
    return lines
