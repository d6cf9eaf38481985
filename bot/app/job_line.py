"""The queue of investigations as the jobs of all processes show it (PostgreSQL)."""

from sqlalchemy import Connection, text

from bot.store.db import Database

INVESTIGATIONS = text(
    "SELECT lock, status = 'doing' FROM procrastinate_jobs WHERE queue_name = 'investigations' "
    "AND status IN ('todo', 'doing') ORDER BY priority DESC, id"
)


class JobLine:
    """Who investigates and who waits, as of the last `refresh`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._places: dict[str, int] = {}
        self.inside = 0

    @property
    def waiting(self) -> tuple[str, ...]:
        """The queued incidents, the next one first."""
        return tuple(self._places)

    def ahead(self, incident: str) -> int | None:
        """Return how many queued ones come first; None when it is not queued."""
        return self._places.get(incident)

    async def refresh(self) -> None:
        """Look at the jobs.

        Raises:
            BusyError: The database is away.
        """

        def question(connection: Connection) -> list[tuple[str, bool]]:
            return [(str(lock), bool(runs)) for lock, runs in connection.execute(INVESTIGATIONS)]

        jobs = await self._database.ask(question)
        self.inside = sum(runs for _, runs in jobs)
        queued = [lock for lock, runs in jobs if not runs]
        self._places = {lock: place for place, lock in enumerate(queued)}
