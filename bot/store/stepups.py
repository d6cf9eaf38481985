"""What is kept of each person's step-up: one row, changed by one transaction at a time."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from bot.incident.events import stamp, unstamp
from bot.ports import StepUpKey
from bot.store.db import Database
from bot.store.kept import STEP_UP_KEY
from bot.store.tx import Tx, put_row
from bot.store.writer import Writer


class StepUpStore:
    """The `StepUpKeys` port."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def get(self, person: str) -> StepUpKey | None:
        """Return the person's row, or None."""
        asked = select(STEP_UP_KEY).where(STEP_UP_KEY.c.person == person)
        row = await self._database.ask(lambda connection: connection.execute(asked).one_or_none())
        return None if row is None else _key(row)

    async def change(self, person: str, make: Callable[[StepUpKey | None], StepUpKey]) -> None:
        """Replace the person's row by what `make` makes of it; see the port.

        Nobody writes between: SQLite has one writer, and on PostgreSQL each write transaction
        first waits for its turn (bot.store.turns).
        """
        asked = select(STEP_UP_KEY).where(STEP_UP_KEY.c.person == person).with_for_update()

        def changed(tx: Tx) -> None:
            row = tx.connection.execute(asked).one_or_none()
            made = make(None if row is None else _key(row))
            put_row(tx.connection, STEP_UP_KEY, {"person": person}, _values(made))

        await self._writer.submit(changed)


def _key(row: Row[Any]) -> StepUpKey:
    return StepUpKey(
        person=row.person,
        secret=bytes(row.secret),
        spent=row.spent,
        wrong_at=tuple(unstamp(at) for at in row.wrong_at.split()),
        locked_until=_time(row.locked_until),
        offered=bytes(row.offered),
        offered_to=row.offered_to,
        offered_at=_time(row.offered_at),
    )


def _values(key: StepUpKey) -> dict[str, object]:
    return {
        "secret": key.secret,
        "spent": key.spent,
        "wrong_at": " ".join(stamp(at) for at in key.wrong_at),
        "locked_until": _text(key.locked_until),
        "offered": key.offered,
        "offered_to": key.offered_to,
        "offered_at": _text(key.offered_at),
    }


def _time(text: str | None) -> datetime | None:
    return None if text is None else unstamp(text)


def _text(at: datetime | None) -> str | None:
    return None if at is None else stamp(at)
