"""Who an actor is: a Person of people.yaml or of a link, never a display name (E-25)."""

from collections.abc import Callable

from bot.incident.model import Person
from bot.ports import Library, Reply


class Persons:
    """Looks a speaker up freshly each time, so that unlinking works at once."""

    def __init__(self, library: Library, links: Callable[[], dict[str, str]]) -> None:
        self._library = library
        self._links = links

    def of(self, reply: Reply) -> Person | None:
        """Return the Person who speaks, or None for a stranger.

        A surface that knows the Person itself (page session, operator token) says so in
        `reply.person`; the name must still be in people.yaml.
        """
        people = self._library.people
        if reply.person:
            return people.get(reply.person)
        found = people.of(reply.actor)
        if found is not None:
            return found
        linked = self._links().get(reply.actor, "")
        return people.get(linked) if linked else None
