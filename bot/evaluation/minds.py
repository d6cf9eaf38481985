"""Puts the whole mind around a language model, as the bot does, with a book of its own."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.agent.budget import Budget
from bot.agent.exchange import LanguageModel
from bot.agent.llm_settings import LlmSettings
from bot.agent.prompt_files import Prompts
from bot.agent.relay import Relay
from bot.agent.step_model import LlmMind
from bot.ports import Clock, Mind, ModelCall, ModelCalls, Spending


def mind_of(
    model: LanguageModel,
    prompts: Prompts,
    calls: ModelCalls,
    clock: Clock,
    settings: LlmSettings,
) -> Mind:
    """Return the mind that renders, validates, repairs and falls back around this model."""
    return Relay(LlmMind(model, prompts, Budget(calls, clock, settings), settings), settings)


class LooseBook:
    """A book of calls in memory (`ModelCalls`): what is asked on a fork is written nowhere."""

    def __init__(self) -> None:
        self._calls: dict[str, ModelCall] = {}

    async def add(self, call: ModelCall) -> None:
        """Write one down."""
        self._calls[call.id] = call

    async def spent(self, since: datetime, incident: str = "") -> Spending:
        """Return what was spent since then."""
        found = [
            one
            for one in self._calls.values()
            if one.at >= since and incident in {"", one.incident}
        ]
        return Spending(
            len(found),
            sum(one.input_tokens for one in found),
            sum(one.output_tokens for one in found),
            sum(one.micro_usd or 0 for one in found),
        )

    async def ratios(self, model: str, limit: int = 50) -> Sequence[float]:
        """Return nothing learned: the same scenario is estimated the same each time."""
        _ = model, limit
        return ()


class TaggedBook:
    """Writes into the bot's own book, under incidents of another name: its limits hold for both."""

    def __init__(self, calls: ModelCalls, tag: str) -> None:
        self._calls = calls
        self._tag = tag

    async def add(self, call: ModelCall) -> None:
        """Write one down.

        Raises:
            BusyError: As the bot's own book does.
        """
        named = replace(call, id=f"{self._tag}:{call.id}", incident=f"{self._tag}:{call.incident}")
        await self._calls.add(named)

    async def spent(self, since: datetime, incident: str = "") -> Spending:
        """Return what was spent since then: by all, or under the other name.

        Raises:
            BusyError: As the bot's own book does.
        """
        return await self._calls.spent(since, f"{self._tag}:{incident}" if incident else "")

    async def ratios(self, model: str, limit: int = 50) -> Sequence[float]:
        """Return what the bot learned.

        Raises:
            BusyError: As the bot's own book does.
        """
        return await self._calls.ratios(model, limit)
