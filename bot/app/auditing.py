"""What somebody who checks the running bot is told: the `Auditor` port."""

from collections.abc import AsyncIterator

from bot.app.checkpoint import fault_of
from bot.app.export_file import Trailer
from bot.app.exporting import hand_out
from bot.app.keeping import Keeper
from bot.app.key import Key, public_keys
from bot.incident.events import Event
from bot.incident.fact import HOUSE
from bot.incident.facts_house import AuditExported
from bot.ports import ChainStanding, Checkpoint, Draft, Excerpt, Sealed
from bot.settings import Settings
from bot.store.store import Store

UNSIGNED = "it is not signed; the bot signs the next one within the hour"


class Auditing:
    """Reads the log, and records when it is handed out."""

    def __init__(self, store: Store, settings: Settings, key: Key, keeper: Keeper) -> None:
        self._store = store
        self._settings = settings
        self._key = key
        self._keys = {**public_keys(settings), key.id: key.public}
        self._keeper = keeper

    async def standing(self) -> ChainStanding:
        """Return how the chains stand."""
        newest = await self._store.checkpoints.newest()
        file = self._settings.checkpoints
        return ChainStanding(
            events=await self._store.checkpoints.events(),
            key=self._key.id,
            newest=None if newest is None else self._sealed(newest),
            verified=self._keeper.verified,
            place="" if file is None else str(file),
            place_fault=self._keeper.unwritten,
        )

    async def refusals(self, limit: int = 50) -> list[Event]:
        """Return the newest refused attempts and security events, newest first."""
        return await self._store.excerpts.refusals(limit)

    async def export(self, by: str, excerpt: Excerpt) -> AsyncIterator[bytes]:
        """Record that the log is handed out to `by`, then return it in pieces."""

        async def record(trailer: Trailer) -> None:
            fact = AuditExported(
                by=by, streams=trailer.streams, events=trailer.events, digest=trailer.sha256
            )
            await self._store.log.record(HOUSE, lambda _: Draft(by, (fact,)))

        return await hand_out(self._store.excerpts, self._key, excerpt, record)

    def _sealed(self, newest: Checkpoint) -> Sealed:
        fact = newest.fact
        if fact is None:
            return Sealed(newest.seq, newest.hash, None, 0, "", "it cannot be read")
        fault = fault_of(fact, self._keys) if fact.signature else UNSIGNED
        return Sealed(newest.seq, newest.hash, fact.taken_at, fact.events, fact.key, fault)
