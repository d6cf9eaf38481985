"""Makes one request to a model, within budget and time, and accounts for it wherever it counts."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bot import telemetry
from bot.agent.bill import Bill
from bot.agent.budget import Budget
from bot.agent.exchange import LanguageModel, ModelError, ModelReply, Prompt
from bot.agent.style import Style
from bot.agent.window import ASSUMED_TOKENS, Room
from bot.errors import BusyError
from bot.incident.context import Context
from bot.incident.facts_run import Usage
from bot.ports import ModelCall

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Errand:
    """One Step that is being chosen: for whom, how large a prompt, until when, what it cost.

    `ends` is a time of the monotonic clock. `halved`: the provider found the context too long.
    """

    context: Context
    style: Style
    room: Room
    ends: float
    halved: bool = False
    bill: Bill = field(default_factory=Bill)


class Accountant:
    """Holds the model and the budget, so that no request passes the book by."""

    def __init__(
        self, model: LanguageModel, budget: Budget, monotonic: Callable[[], float]
    ) -> None:
        self.name = model.name
        self._model = model
        self._budget = budget
        self._monotonic = monotonic

    async def ask(self, errand: Errand, prompt: Prompt, note: str) -> ModelReply:
        """Make one request with what is left of the time; `note` is appended to the prompt.

        Raises:
            ModelError: A limit is reached (then nothing was sent), or no answer came. It is in the
                book and in the bill, as an answered one is, under the name of whoever it was of.
        """
        began = self._monotonic()
        left_s = errand.ends - began
        if left_s <= 0:
            raise ModelError("the time for this Step is used up", "slow")
        expected = errand.room.expected(prompt.estimated_tokens)
        call = await self._budget.begin(
            errand.context, self.name, prompt.estimated_tokens, expected
        )
        telemetry.llm_window_share.labels(self.name).observe(
            expected / (errand.room.window_tokens or ASSUMED_TOKENS)
        )
        try:
            reply = await self._model.ask(prompt, note, left_s)
        except asyncio.CancelledError:  # nothing is awaited here: the book already says so
            telemetry.llm_requests.labels(self.name, "slow").inc()
            raise
        except ModelError as error:
            errand.bill.add(error.usage, error.exchange)
            call = replace(call, model=error.by or call.model)
            self._meter(call, error.usage, error.kind or "invalid", began)
            await self._write(call, error.usage, error.kind or "invalid", error.unheard)
            raise
        errand.bill.add(reply.usage, reply.exchange)
        errand.bill.by = reply.by
        call = replace(call, model=reply.by or call.model)
        self._meter(call, reply.usage, "ok", began)
        await self._write(call, reply.usage, "ok", reply.unheard)
        return reply

    async def _write(self, call: ModelCall, usage: Usage, outcome: str, unheard: int) -> None:
        try:
            await self._budget.end(call, usage, outcome, unheard)
        except BusyError as error:  # it counts as it was estimated
            log.warning("a model call was not written down: %s", error)

    def _meter(self, call: ModelCall, usage: Usage, outcome: str, began: float) -> None:
        name = call.model
        telemetry.llm_requests.labels(name, outcome).inc()
        telemetry.llm_request_duration.labels(name).observe(self._monotonic() - began)
        telemetry.llm_tokens.labels(name, "input").inc(usage.input_tokens)
        telemetry.llm_tokens.labels(name, "cached").inc(usage.cached_tokens)
        telemetry.llm_tokens.labels(name, "output").inc(usage.output_tokens)
        telemetry.llm_cost.labels(name).inc((usage.micro_usd or 0) / 1e6)
        if usage.input_tokens and usage.requests <= 1:
            telemetry.llm_estimate.labels(name).observe(call.input_tokens / usage.input_tokens)
