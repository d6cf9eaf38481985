"""Changes by service and time."""

from datetime import datetime

from sqlalchemy import select

from bot.incident.events import stamp
from bot.incident.model import Change
from bot.store.db import Database
from bot.store.tables import CHANGE


class ChangeStore:
    """The `Changes` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recent(self, service: str, since: datetime, limit: int = 20) -> list[Change]:
        """Return changes of `service` (all services when empty) since then, newest first."""
        row = CHANGE.c
        asked = select(row.body).where(row.at >= stamp(since))
        if service:
            asked = asked.where(row.service == service)
        asked = asked.order_by(row.at.desc(), row.id).limit(limit)
        bodies = await self._database.ask(lambda connection: list(connection.scalars(asked)))
        return [Change.model_validate_json(body) for body in bodies]
