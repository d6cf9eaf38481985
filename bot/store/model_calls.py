"""The book of calls to models: what they cost, and how well their tokens were estimated."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, case, func, select

from bot.incident.events import stamp
from bot.ports import ModelCall, Spending
from bot.store.db import Database
from bot.store.kept import MODEL_CALL
from bot.store.tx import Tx
from bot.store.writer import Writer

ADD = (
    "INSERT INTO model_call (id, incident, effect_id, model, at, estimated_tokens, input_tokens, "
    "output_tokens, micro_usd, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET model = excluded.model, "
    "estimated_tokens = excluded.estimated_tokens, "
    "input_tokens = excluded.input_tokens, "
    "output_tokens = excluded.output_tokens, micro_usd = excluded.micro_usd, "
    "outcome = excluded.outcome"
)

UNKNOWN = "slow"
"""The outcome of a call of which nothing was heard: its tokens are estimates."""


class ModelCallStore:
    """The `ModelCalls` port."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def add(self, call: ModelCall) -> None:
        """Write one down; the same id again replaces it.

        Raises:
            BusyError: The queue is full or the database is away.
        """
        row = (
            call.id,
            call.incident,
            call.effect_id,
            call.model,
            stamp(call.at),
            call.estimated_tokens,
            call.input_tokens,
            call.output_tokens,
            call.micro_usd,
            call.outcome,
        )

        def work(tx: Tx) -> None:
            tx.run(ADD, row)

        await self._writer.submit(work)

    async def spent(self, since: datetime, incident: str = "") -> Spending:
        """Return what was spent since then: by one incident, or by all.

        Raises:
            BusyError: The database is away.
        """
        table = MODEL_CALL.c
        unpriced = case((and_(table.micro_usd.is_(None), table.outcome != UNKNOWN), 1), else_=0)
        sums = (table.input_tokens, table.output_tokens, table.micro_usd, unpriced)
        asked = select(func.count(), *(func.coalesce(func.sum(one), 0) for one in sums)).where(
            table.at >= stamp(since)
        )
        if incident:
            asked = asked.where(table.incident == incident)
        row = await self._database.ask(lambda connection: connection.execute(asked).one())
        return Spending(*(int(one) for one in row))

    async def ratios(self, model: str, limit: int = 50) -> Sequence[float]:
        """Return input tokens reported ÷ estimated of the newest calls that reported them.

        Raises:
            BusyError: The database is away.
        """
        table = MODEL_CALL.c
        asked = (
            select(table.input_tokens, table.estimated_tokens)
            .where(table.model == model, table.input_tokens > 0, table.estimated_tokens > 0)
            .where(table.outcome != UNKNOWN)
            .order_by(table.at.desc(), table.id.desc())
            .limit(limit)
        )
        rows = await self._database.ask(lambda connection: connection.execute(asked).all())
        return [row.input_tokens / row.estimated_tokens for row in rows]
