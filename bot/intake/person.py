"""Who an actor is: a Person of people.yaml or of a link, never a display name (E-25)."""

from collections.abc import Awaitable, Callable

from bot.incident.authority import Person
from bot.intake.wording import STRANGER
from bot.ports import Library, Reply

STANDINGS = {
    "guest": "Guest accounts never count, whoever they belong to, so nothing was done.",
    "bot": "Other bots never count, so nothing was done.",
    "deleted": "That account was deactivated, so nothing was done.",
}


async def nothing_new() -> None:
    """Refresh nothing: what links say is always the newest."""


class Persons:
    """Looks a speaker up freshly each time, so that unlinking works at once.

    Args:
        library: people.yaml; what it says of an actor goes before any link.
        links: Returns actor → person, as linked by facts.
        refresh: Reads the newest links.
    """

    def __init__(
        self,
        library: Library,
        links: Callable[[], dict[str, str]],
        refresh: Callable[[], Awaitable[object]] = nothing_new,
    ) -> None:
        self._library = library
        self._links = links
        self._refresh = refresh

    async def afresh(self) -> None:
        """Read people and links anew, so that whoever was removed a moment ago is gone (E-26).

        Raises:
            UnreadableError: people.yaml or the policy cannot be read as it stands now.
            BusyError: The database is away.
        """
        await self.links_afresh()
        await self._library.afresh()

    async def links_afresh(self) -> None:
        """Read what other processes linked and unlinked, whether they told or not.

        Raises:
            BusyError: The database is away.
        """
        await self._refresh()

    def name_of(self, reply: Reply) -> str:
        """Return the name of whoever speaks, or the actor when that is nobody who counts."""
        person = self.of(reply)
        return person.name if person is not None else reply.actor

    def of(self, reply: Reply) -> Person | None:
        """Return the Person who speaks, or None when nobody who counts does; see `why_not`.

        A surface that knows the Person itself (page session, API token) says so in
        `reply.person`; the name must still be in people.yaml.
        """
        if reply.standing != "member":
            return None
        found = self._named(reply)
        return found if found is not None and found.active else None

    def why_not(self, reply: Reply) -> str:
        """Return why nobody who counts speaks, and what to do; `of` returned None."""
        if reply.standing != "member":
            return STANDINGS[reply.standing]
        found = self._named(reply)
        if found is not None:
            return f"{found.name} is not active any more in people.yaml, so nothing was done."
        return STRANGER

    def _named(self, reply: Reply) -> Person | None:
        people = self._library.people
        if reply.person:
            return people.get(reply.person)
        found = people.of(reply.actor)
        if found is not None:
            return found
        linked = self._links().get(reply.actor, "")
        return people.get(linked) if linked else None
