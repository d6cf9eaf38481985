"""A stand-in for the port of whoever checks the bot: a standing that tests change."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from bot.errors import BusyError
from bot.incident.events import Event
from bot.incident.facts_action import DecisionRefused
from bot.ports import ChainStanding, Excerpt, Sealed, Verified
from tests.bot.web import stories
from tests.bot.web.fakes import FakeLog

STANDING = ChainStanding(
    events=1234,
    key="a1b2c3d4e5f60718",
    newest=Sealed(7, "ab" * 32, stories.at(100), 1200, "a1b2c3d4e5f60718", ""),
    verified=Verified(stories.at(100), 34, ()),
    place="/mnt/elsewhere/checkpoints.jsonl",
    place_fault="",
)


@dataclass
class FakeAuditor:
    """The `Auditor` port over the fake log; `taken` is who took what."""

    log: FakeLog
    chain: ChainStanding = STANDING
    taken: list[tuple[str, Excerpt]] = field(default_factory=list[tuple[str, Excerpt]])

    async def standing(self) -> ChainStanding:
        return self.chain

    async def refusals(self, limit: int = 50) -> list[Event]:
        every = (event for events in self.log.streams.values() for event in events)
        return [event for event in every if isinstance(event.body, DecisionRefused)][:limit]

    async def export(self, by: str, excerpt: Excerpt) -> AsyncIterator[bytes]:
        if self.log.busy:
            raise BusyError("the database is away")
        self.taken.append((by, excerpt))
        return self._pieces()

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield b"first\n"
        yield b"last\n"
