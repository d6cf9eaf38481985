"""What models may cost (F-10): asked before each request, in a book that every process shares."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.agent.exchange import ModelError
from bot.agent.llm_settings import LlmSettings
from bot.errors import BusyError
from bot.incident.context import Context
from bot.incident.facts_run import Usage
from bot.ports import Clock, ModelCall, ModelCalls, Spending

INCIDENT_DAYS = 35
"""An incident's calls count for this long; the book keeps them no longer."""
NO_PRICE = (
    "a dollar limit is set, but what {model} costs is not known: set LLM_INPUT_USD and "
    "LLM_OUTPUT_USD, or take LLM_INCIDENT_USD and LLM_DAY_USD away"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """One reach of limits: whose calls since when, and the limits as (setting, most)."""

    since: datetime
    incident: str = ""
    input: tuple[str, int] = ("", 0)
    output: tuple[str, int] = ("", 0)
    tokens: tuple[str, int] = ("", 0)
    micro_usd: tuple[str, int] = ("", 0)
    until: str = ""

    @property
    def limited(self) -> bool:
        """True when there is anything to look up."""
        return any((self.input[1], self.output[1], self.tokens[1], self.micro_usd[1]))


class Budget:
    """Checks, and writes down, what requests to models cost.

    A request is written down before it is sent, as if nothing were ever heard of it, and what
    came replaces that: so a cancelled call and a killed process count too, and of two processes
    that reach for the last tokens at once none goes beyond the limit.
    """

    def __init__(self, calls: ModelCalls, clock: Clock, settings: LlmSettings) -> None:
        self._calls = calls
        self._clock = clock
        self._settings = settings
        self._turn = asyncio.Lock()  # here one looks at a time, so that not all stand back

    async def ratios(self, model: str) -> Sequence[float]:
        """Return how the estimates of late compare with what was reported.

        Raises:
            ModelError: The book cannot be read; kind `budget`.
        """
        try:
            return await self._calls.ratios(model)
        except BusyError as error:
            raise _closed(error) from error

    async def begin(self, context: Context, model: str, estimated: int, expected: int) -> ModelCall:
        """Write a request down that is about to be sent; `expected` is the estimate by its ratio.

        Raises:
            ModelError: A limit is reached, or the book cannot be read or written; kind `budget`,
                worded with the limit, its setting and until when. Nothing is spent then.
        """
        call = ModelCall(
            id=self._clock.token(),
            incident=context.incident,
            effect_id=context.effect_id,
            model=model,
            at=self._clock.now(),
            estimated_tokens=estimated,
            input_tokens=expected,
            micro_usd=round(expected * self._settings.input_usd) or None,
            outcome="slow",
        )
        try:
            async with self._turn:
                await self._look(call, expected)
                await self._calls.add(call)
                await self._look_once_more(call)
        except BusyError as error:
            raise _closed(error) from error
        return call

    async def end(self, call: ModelCall, usage: Usage, outcome: str, unheard: int = 0) -> None:
        """Write down what came of it.

        What was not told counts as it was estimated: a slow request of which nothing was heard,
        an answer of a server that does not count, and `unheard` requests more that were sent.

        Raises:
            BusyError: The book cannot be written; the request counts as it was estimated.
        """
        tokens = usage.input_tokens
        if not tokens and outcome == "slow" and unheard <= 1:
            return
        lost = max(unheard, int(not tokens and outcome in {"ok", "slow"}))
        price = usage.micro_usd
        if price is None:
            set_price = self._settings.input_usd, self._settings.output_usd
            cost = round(tokens * set_price[0] + usage.output_tokens * set_price[1])
            price = cost or (None if tokens or usage.output_tokens or lost else 0)
        if lost and call.micro_usd:
            price = (price or 0) + lost * call.micro_usd
        tokens += lost * call.input_tokens
        is_one = not lost and usage.requests <= 1  # of more than one no ratio is learned
        estimated = call.estimated_tokens if is_one else 0
        done = replace(
            call,
            estimated_tokens=estimated,
            input_tokens=tokens,
            output_tokens=usage.output_tokens,
            micro_usd=price,
            outcome=outcome,
        )
        await self._calls.add(done)

    async def _look_once_more(self, call: ModelCall) -> None:
        """Take the request back when another process reached for the same tokens meanwhile."""
        try:
            await self._look(call, 0)
        except ModelError:
            await self._calls.add(replace(call, input_tokens=0, micro_usd=0, outcome="budget"))
            raise

    async def _look(self, call: ModelCall, need: int) -> None:
        for scope in self._scopes(call):
            spent = await self._calls.spent(scope.since, scope.incident)
            for words in reached(scope, spent, need, self._settings):
                raise ModelError(words.format(model=call.model), "budget")

    def _scopes(self, call: ModelCall) -> Iterator[Scope]:
        """Yield what is limited: this incident, this hour and this day (UTC)."""
        limits, now = self._settings, call.at
        hour = now.replace(minute=0, second=0, microsecond=0)
        day = hour.replace(hour=0)
        scopes = (
            Scope(
                since=now - timedelta(days=INCIDENT_DAYS),
                incident=call.incident,
                input=("LLM_INCIDENT_INPUT_TOKENS", limits.incident_input_tokens),
                output=("LLM_INCIDENT_OUTPUT_TOKENS", limits.incident_output_tokens),
                micro_usd=("LLM_INCIDENT_USD", micro(limits.incident_usd)),
                until="in this incident",
            ),
            Scope(
                since=hour,
                tokens=("LLM_HOUR_TOKENS", limits.hour_tokens),
                until=f"before {hour + timedelta(hours=1):%H:%M} UTC",
            ),
            Scope(
                since=day,
                tokens=("LLM_DAY_TOKENS", limits.day_tokens),
                micro_usd=("LLM_DAY_USD", micro(limits.day_usd)),
                until="before 00:00 UTC",
            ),
        )
        yield from (scope for scope in scopes if scope.limited)


def reached(scope: Scope, spent: Spending, need: int, settings: LlmSettings) -> Iterator[str]:
    """Yield each limit that another request of `need` input tokens would break, in words.

    An answer may take as many tokens as the settings allow, but one may always be made. In the
    words `{model}` stands for the model's name.
    """
    used, answer = spent.input_tokens + spent.output_tokens, settings.output_tokens
    for (setting, most), kind, has, wants in (
        (scope.input, "input tokens", spent.input_tokens, need),
        (scope.output, "output tokens", spent.output_tokens, min(answer, scope.output[1])),
        (scope.tokens, "tokens", used, need),
    ):
        if most and has + wants > most:
            yield (
                f"{setting} is {most:,}: {has:,} {kind} are spent and this request may take "
                f"{wants:,}; no model is asked again {scope.until}"
            )
    setting, most = scope.micro_usd
    if most and spent.unpriced and not (settings.input_usd and settings.output_usd):
        yield NO_PRICE
    cost = _expected_cost(spent, need, settings)
    if most and spent.micro_usd + cost > most:
        yield (
            f"{setting} is ${most / 1e6:.2f}: ${spent.micro_usd / 1e6:.4f} are spent; no model is "
            f"asked again {scope.until}"
        )


def micro(usd: float) -> int:
    """Return dollars as millionths of one; a limit however small stays one."""
    return max(round(usd * 1e6), int(usd > 0))


def _expected_cost(spent: Spending, need: int, settings: LlmSettings) -> float:
    """Return about what the request costs: by the set price, else as its forerunners did."""
    if settings.input_usd:
        answer = settings.output_tokens * settings.output_usd
        return need * settings.input_usd + (answer if need else 0)
    return need * spent.micro_usd / spent.input_tokens if spent.input_tokens else 0


def _closed(error: BusyError) -> ModelError:
    return ModelError(f"the book of model calls cannot be read or written: {error}", "budget")
