"""What one process of all does at a time, and what it hands on."""

import asyncio
from collections.abc import Mapping

from bot import telemetry
from bot.app.bot import Bot
from bot.app.keeping import Keeper
from bot.app.meter import Meter
from bot.app.posting import Posting
from bot.app.watcher import Watcher
from bot.app.weighing import Weighing
from bot.engine.duty import Duty


def duties_of(bot: Bot, posting: Posting, keeper: Keeper) -> Mapping[str, Duty]:
    """Return what only one process may do at a time, by name."""
    return {
        **posting.duties(),
        "metering": Metering(bot),
        "keeping": keeper.run,
        "weighing": Weighing(bot.store.scores, bot.world.clock).run,
        "watching": Watcher(bot, posting, lambda: keeper.problem).run,
    }


async def run_duties(bot: Bot, duties: Mapping[str, Duty], over: asyncio.Event) -> None:
    """Do them until `over`: all of them where there is one process, else those it gets."""
    if not bot.role.drives:
        await over.wait()
    elif bot.conninfo:
        from bot.engine.postgres.duties import Duties

        await Duties(bot.conninfo).run(duties, over)
    else:
        await asyncio.gather(*(work(over) for work in duties.values()))


class Metering:
    """The duty of counting facts; what a process counted before is in the scraper's memory."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._meter: Meter | None = None
        bot.on_commit(self._woken)

    async def __call__(self, over: asyncio.Event) -> None:
        """Count until `over`."""
        store = self._bot.store
        self._meter = Meter(store.log, store.incidents, self._bot.world.clock)
        try:
            await self._meter.run(over)
        finally:
            self._meter = None
            telemetry.incidents_open.clear()

    def _woken(self, streams: frozenset[str]) -> None:
        if self._meter is not None:
            self._meter.wake(streams)
