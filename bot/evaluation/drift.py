"""The duty of trying the configured model on scenarios, as often as TRIAGE_EVAL_SCHEDULE says."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta

from bot import telemetry
from bot.app.bot import Bot
from bot.engine.duty import Duty
from bot.errors import BotError
from bot.evaluation.choosers import CONFIGURED, Choosers, Planners, open_choosers
from bot.evaluation.running import SuiteResult, run_suite
from bot.evaluation.suite import read_suite
from bot.incident.commands import seconds
from bot.incident.drift import Standard
from bot.incident.fact import HOUSE
from bot.incident.facts_house import ModelEvaluated
from bot.ports import Draft

log = logging.getLogger(__name__)
ACTOR = "bot:evaluating"
FIRST_S = 60.0
"""A bot that was just started does not begin with it."""
AGAIN_S = 600.0
"""After a try that came to nothing, and while the bot is paused."""
OUTAGES = frozenset({"budget", "slow", "rate_limited", "overloaded", "unreachable", "refused"})
"""Why a model does not choose that says nothing about how it would have chosen."""


def duties(bot: Bot) -> Mapping[str, Duty]:
    """Return the duty by name; none without a schedule and a folder."""
    settings = bot.world.settings
    if not settings.eval_schedule or settings.evals is None:
        return {}
    return {"evaluating": Evaluating(bot).run}


class Evaluating:
    """Plays the scenarios against the live model, and writes down how many passed.

    Its calls are in the bot's own book, so hour and day budgets hold for both. A try during which
    the model was away, or the budget was spent, is no judgement and is not written down.
    """

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._every = timedelta(seconds=seconds(bot.world.settings.eval_schedule or "1d"))

    async def run(self, over: asyncio.Event) -> None:
        """Try whenever it is due, until `over`. Whatever goes wrong with one try, there is a next.

        Without a model there is nothing to try.
        """
        async with AsyncExitStack() as stack:
            calls = self._bot.store.model_calls
            choosers = await open_choosers(stack, CONFIGURED, None, calls)
            if isinstance(choosers, Planners):
                log.warning("TRIAGE_EVAL_SCHEDULE is set, and LLM_MODEL names no model to try")
                await over.wait()
                return
            begun_at, tried_at = self._now(), None
            while not await self._waited(over, begun_at, tried_at):
                tried_at = self._now()
                try:
                    await self.try_once(choosers)
                except BotError as error:
                    log.warning("the model could not be tried on the scenarios: %s", error)
                except Exception:  # a try that fails must not end the duty
                    log.exception("trying the model failed unforeseen")

    async def try_once(self, choosers: Choosers) -> SuiteResult | None:
        """Play the scenarios once and write down what came of it; None while the bot is paused.

        Raises:
            ConfigError: The scenarios cannot be read.
            BusyError: The database is away; nothing was written down.
        """
        bot = self._bot
        folder = bot.world.settings.evals
        if folder is None or bot.household.paused:
            return None
        cases = await asyncio.to_thread(read_suite, folder)
        result = await run_suite(cases, bot.world.settings, choosers)
        away = {kind for one in result.tried for kind in one.first.fallbacks_why} & OUTAGES
        if away:
            log.warning("the model was not judged, because it was away: %s", ", ".join(away))
            return result
        fact = ModelEvaluated(
            model=choosers.name,
            scenarios=len(result.counted),
            passed=result.passed,
            failed=tuple(one.name for one in result.failed),
        )
        await bot.store.log.record(HOUSE, lambda _state: Draft(ACTOR, (fact,)))
        await bot.household.refresh()
        self.measure()
        return result

    def measure(self) -> None:
        """Show on the meter what was written down last."""
        standard = self._bot.household.house.standard
        telemetry.eval_pass_ratio.clear()
        if standard is not None:
            telemetry.eval_pass_ratio.labels(standard.last.model).set(standard.ratio)

    async def _waited(
        self, over: asyncio.Event, begun_at: datetime, tried_at: datetime | None
    ) -> bool:
        """Wait until the next try is due; True when it is over before."""
        self.measure()
        standard = self._bot.household.house.standard
        until = due_at(standard, self._every, begun_at, tried_at)
        left_s = max((until - self._now()).total_seconds(), 0)
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), left_s)
        return over.is_set()

    def _now(self) -> datetime:
        return self._bot.world.clock.now()


def due_at(
    standard: Standard | None, every: timedelta, begun_at: datetime, tried_at: datetime | None
) -> datetime:
    """Return when to try: a schedule after the last judgement, and soon after none.

    Args:
        standard: The last judgement, by whichever process.
        every: The schedule.
        begun_at: When this process began.
        tried_at: When it tried last; None: not yet.
    """
    soonest = begun_at + timedelta(seconds=FIRST_S)
    if tried_at is not None:
        soonest = tried_at + timedelta(seconds=AGAIN_S)
    return soonest if standard is None else max(soonest, standard.at + every)
