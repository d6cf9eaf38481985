"""A log with two signed checkpoints in it and in a second place, on a database of each kind."""

from dataclasses import dataclass
from pathlib import Path

from bot.app.keeping import Keeper
from bot.app.key import Key
from bot.app.verifying import Against, verify_lines
from bot.incident.fact import HOUSE
from bot.incident.facts_house import BotPaused, BotResumed
from bot.settings import Settings
from bot.store.store import Store
from tests.bot.store.attacking import notes
from tests.bot.store.examples import draft, note, say
from tests.fakes import FakeClock, open_store

OURS, THEIRS = Key(b"o" * 32), Key(b"t" * 32)
KEYS = {OURS.id: OURS.public}
LAST = 4
"""The seq on `house` of the newest checkpoint; the one before has 2."""


@dataclass(frozen=True)
class Place:
    """Where the database and the second place are."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "checkpoints.jsonl"

    def keeper(self, store: Store, key: Key = OURS) -> Keeper:
        settings = Settings(checkpoints=self.file, signing_key_file=self.folder / "key")
        return Keeper(store, FakeClock(), settings, key)

    async def verify(self, *, outside: bool = True, key: Key = OURS) -> list[str]:
        """Return the faults that are found; none when all is sound."""
        async with open_store(self.folder) as store:
            file = self.file if outside else None
            lines, sound = await verify_lines(store, Against(file, {key.id: key.public}))
        return [] if sound else lines


async def witnessed(folder: Path) -> Place:
    """Return two incidents, two checkpoints, and something after the last."""
    found = Place(folder)
    async with open_store(folder) as store:
        keeper = found.keeper(store)
        await notes(store)
        await store.log.record(HOUSE, lambda _: draft(BotPaused(by="dana")))
        assert await keeper.checkpoint()
        await notes(store)
        await store.log.record(HOUSE, lambda _: draft(BotResumed(by="dana")))
        assert await keeper.checkpoint()
        await say(store, "INC-1", note("note 6"))
    assert await found.verify() == []
    assert await found.verify(outside=False) == []
    return found
