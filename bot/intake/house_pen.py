"""Writes on the stream `house` what holds at its head: nobody else wrote in between."""

from collections.abc import Awaitable, Callable

from bot.errors import BusyError, NotFoundError, StaleThreadError
from bot.incident.authority import Person
from bot.incident.fact import HOUSE, Fact
from bot.incident.house import House
from bot.ports import Draft, Library, Log

TRIES = 20


def unsealed(fact: Fact, _seq: int) -> Fact:
    """Return the fact as it is."""
    return fact


class HousePen:
    """Facts about people: each is made from the newest state and committed only on top of it.

    `house` reads what is new of the stream and returns the state. `seal` puts on a fact that is to
    stand at a place of the stream that by which `house` knows it for this bot's own.
    """

    def __init__(
        self,
        log: Log,
        library: Library,
        house: Callable[[], Awaitable[House]],
        seal: Callable[[Fact, int], Fact] = unsealed,
    ) -> None:
        self._log = log
        self._library = library
        self.house = house
        self._seal = seal

    async def write(self, actor: str, made: Callable[[House], Fact]) -> None:
        """Append what `made` makes of the state; it raises to say no, and nothing is written.

        Raises:
            BusyError: The database is away, or others wrote all the time.
        """
        for _ in range(TRIES):
            state = await self.house()
            try:
                sealed = self._seal(made(state), state.seq + 1)
                await self._log.append(HOUSE, state.seq, Draft(actor, (sealed,)))
            except StaleThreadError:
                continue
            await self.house()
            return
        raise BusyError("too much is written at once; try again in a moment", 1)

    async def person(self, name: str) -> Person:
        """Return the person of that name as people.yaml says now.

        Raises:
            NotFoundError: Nobody has that name, or they are not active any more.
            UnreadableError: It cannot be read as it stands now.
        """
        await self._library.afresh()
        return self.known(name)

    def known(self, name: str) -> Person:
        """Return the person of that name as people.yaml was last read without a fault.

        Raises:
            NotFoundError: As `person`.
        """
        found = self._library.people.get(name)
        if found is None:
            raise NotFoundError(f"there is no {name[:100]} in people.yaml; write them there first")
        if not found.active:
            raise NotFoundError(f"{found.name} is not active any more in people.yaml")
        return found

    def named(self, actor: str) -> str:
        """Return whom people.yaml says this actor is, "" when it does not say."""
        found = self._library.people.of(actor)
        return found.name if found is not None else ""
