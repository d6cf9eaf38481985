"""What every fact has in common: a past-tense name, a version, and frozen fields."""

from typing import ClassVar

from bot.incident.model import Value

HOUSE = "house"
"""The stream of facts that belong to no incident."""


class Fact(Value):
    """The body of an event. A changed field set bumps `v`; the class name is the event's type."""

    v: ClassVar[int] = 1
