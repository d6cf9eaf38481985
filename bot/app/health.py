"""What readiness asks: can the log be written, is there room, are knowledge and doors sound."""

import asyncio
from collections.abc import Callable, Collection, Mapping

from bot.app.bot import Bot
from bot.app.routes import RouteShelf
from bot.errors import BotError

ANSWER_S = 2.0
FULL = 0.9
"""Share of the write queue above which the bot is not ready."""


class Health:
    """Checks by name; the web decides which of them make the bot unready."""

    def __init__(self, bot: Bot, routes: RouteShelf, hurt: Callable[[], Collection[str]]) -> None:
        self._bot = bot
        self._routes = routes
        self._hurt = hurt

    async def __call__(self) -> Mapping[str, tuple[bool, str]]:
        """Return check → (well, words)."""
        bot = self._bot
        waiting, most = bot.store.writer.waiting, bot.world.settings.queue_max
        problem = bot.library.problem
        closed = bot.household.closed()
        return {
            "database": await self._database(),
            "queue": (waiting < most * FULL, f"{waiting} of {most} writes wait"),
            "knowledge": (not problem, problem or f"revision {bot.library.revision}"),
            "hooks": self._hooks(),
            "switch": (not bot.household.paused, closed or "actions may start once approved"),
            "channels": self._channels(),
        }

    async def _database(self) -> tuple[bool, str]:
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._bot.store.writer.submit(lambda _tx: None)
        except (BotError, TimeoutError) as error:
            return False, f"cannot be written: {error or 'no answer'}"
        return True, "can be written"

    def _hooks(self) -> tuple[bool, str]:
        problems = [self._routes.problem] if self._routes.problem else self._routes().problems()
        return not problems, "; ".join(problems) or "every route has its secret"

    def _channels(self) -> tuple[bool, str]:
        hurt = sorted(self._hurt())
        return not hurt, f"cannot post: {', '.join(hurt)}" if hurt else "posting"
