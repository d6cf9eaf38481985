"""What readiness asks: can the log be written, is there room, are knowledge and doors sound."""

import asyncio
from collections.abc import Callable, Collection, Mapping

from bot.app.bot import Bot
from bot.app.routes import RouteShelf
from bot.errors import BotError
from bot.incident.stepup import FOOTER

ANSWER_S = 2.0
FRESH_S = 1.0
"""The database is written to no more often than this, however often somebody asks."""
MENDS = {
    "waiting already": "it is overloaded; it recovers by itself",
    "full": "free some space on the disk",
    "read-only transaction": "name a server in DATABASE_URL that takes writes, not a replica",
    "readonly": "let the bot write to the database's file and folder",
    "read-only": "let the bot write to the database's file and folder",
    "I/O error": "look at the disk: is it full, over its quota, or broken?",
}
FULL = 0.9
"""Share of the write queue above which the bot is not ready."""


class Health:
    """Checks by name; the web decides which of them make the bot unready."""

    def __init__(
        self,
        bot: Bot,
        routes: RouteShelf,
        hurt: Callable[[], Collection[str]],
        kept: Callable[[], str],
    ) -> None:
        self._bot = bot
        self._routes = routes
        self._hurt = hurt
        self._kept = kept
        self._asked_at = float("-inf")
        self._written = (True, "")

    async def __call__(self) -> Mapping[str, tuple[bool, str]]:
        """Return check → (well, words)."""
        bot = self._bot
        now = asyncio.get_running_loop().time()
        if now >= self._asked_at + FRESH_S:
            self._asked_at, self._written = now, await self._database()
        waiting, most = bot.store.writer.waiting, bot.world.settings.queue_max
        problem = bot.library.problem
        closed = bot.household.closed()
        return {
            "database": self._written,
            "queue": (waiting < most * FULL, f"{waiting} of {most} writes wait"),
            "knowledge": (not problem, problem or f"revision {bot.library.revision}"),
            "hooks": self._hooks(),
            "switch": (not bot.household.paused, closed or "actions may start once approved"),
            "high_risk": self._high_risk(),
            "channels": self._channels(),
            "investigations": self._investigations(),
            "checkpoints": (not self._kept(), self._kept() or "taken every hour"),
        }

    async def _database(self) -> tuple[bool, str]:
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._bot.store.probe()
        except TimeoutError:
            return False, f"cannot be written: no answer in {ANSWER_S:g} s; look at its disk"
        except BotError as error:
            return False, f"cannot be written: {error}; {_mend(str(error))}"
        return True, "can be written"

    def _investigations(self) -> tuple[bool, str]:
        storm, most = self._bot.weather.storm, self._bot.world.settings.investigations
        said = f"{storm.investigating} of {most} places are taken, {storm.waiting} wait for one"
        return True, storm.line or said

    def _hooks(self) -> tuple[bool, str]:
        problems = [self._routes.problem] if self._routes.problem else self._routes().problems()
        return not problems, "; ".join(problems) or "every route has its secret"

    def _high_risk(self) -> tuple[bool, str]:
        """Say how high risk is approved; what the operator chose is no failure."""
        lax = self._bot.world.settings.accept_chat_only_high
        return True, FOOTER if lax else "needs a one-time code of each person who approves it"

    def _channels(self) -> tuple[bool, str]:
        hurt = sorted(self._hurt())
        return not hurt, f"cannot post: {', '.join(hurt)}" if hurt else "no channel fails here"


def _mend(why: str) -> str:
    """Return what to do about a database that does not take a write."""
    mends = (mend for mark, mend in MENDS.items() if mark in why)
    return next(mends, "it is tried again by itself; see the log")
