"""One model of one provider: a prompt goes out, text comes back, or an error of ours.

The request is ours word for word: one system text, one user message in two parts with a cache
point between them, the schema. What pydantic-ai changes on the way: Anthropic's schema drops
limits into descriptions, and for models that render chat templates (any that is not a vendor's
own) a zero-width joiner parts tokens such as `<|im_start|>`, so that text from outside cannot
open a turn.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal

from pydantic import JsonValue
from pydantic_ai.direct import model_request
from pydantic_ai.messages import (
    CachePoint,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    UserContent,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from bot.agent.exchange import ModelError, ModelReply, Prompt
from bot.agent.llm.failure import failure
from bot.agent.llm.price import Price
from bot.agent.llm.trace import Trace, noting, without
from bot.incident.facts_run import Usage

ANSWER = "next_step"
"""What the schema, or the tool, is called on the wire."""

MOST_TOKENS = 10_000_000
"""No request has more; a server that says so counts wrong, and would not fit the book."""
MOST_MICRO_USD = 10**10
MODEL_CHARS = 100

Output = Literal["native", "tool"]


@dataclass(slots=True)
class OneModel:
    """A LanguageModel that is one model; it asks once and waits for nothing but the answer.

    `secrets` are words that never appear in a message or an exchange, `look_at` the variables to
    look at when it fails. `output` is how the schema is enforced.
    """

    name: str
    window: int | None
    model: Model[Any] = field(repr=False)
    output: Output
    output_tokens: int
    price: Price
    look_at: str
    secrets: tuple[str, ...] = field(repr=False)
    is_guarded: bool = True

    async def ask(self, prompt: Prompt, note: str, deadline_s: float) -> ModelReply:
        """Return what the model answered, unchecked; one request, no retry.

        Raises:
            ModelError: As the port says.
        """
        started = monotonic()
        with noting() as trace:
            try:
                async with asyncio.timeout(deadline_s):
                    response = await self._request(prompt, note)
            except TimeoutError:
                words = f"{self.name} did not answer within {deadline_s:.3g} s"
                raise self._broken(ModelError(words, "slow"), trace, started) from None
            except Exception as error:  # noqa: BLE001 - an SDK may raise anything, none is our bug
                failed = failure(error, self.name, self.look_at, trace)
                raise self._broken(failed, trace, started) from None
        usage = self._usage(response, started)
        exchange = self._exchange(trace)
        text = _text(response)
        if wrong := self._unfit(response, text):
            failed = ModelError(f"{self.name} {wrong}", "invalid")
            failed.usage, failed.exchange = usage, exchange
            raise failed
        return ModelReply(text, usage, exchange)

    async def _request(self, prompt: Prompt, note: str) -> ModelResponse:
        parts: list[UserContent] = [prompt.stable, CachePoint(), prompt.volatile + note]
        request = ModelRequest(parts=[UserPromptPart(parts)], instructions=prompt.system)
        settings = ModelSettings(max_tokens=self.output_tokens)
        if self.is_guarded:
            settings = ModelSettings(max_tokens=self.output_tokens, max_retries=0)
        return await model_request(
            self.model,
            [request],
            model_settings=settings,
            model_request_parameters=_demanded(prompt.schema, self.output),
        )

    def _unfit(self, response: ModelResponse, text: str) -> str:
        """Return why an answer cannot be used, "" when it may be."""
        match response.finish_reason:
            case "length":
                return (
                    f"stopped in mid-answer at {self.output_tokens} tokens; raise LLM_OUTPUT_TOKENS"
                )
            case "content_filter":
                return "did not answer: the provider's filter stopped it"
            case "error":
                return "broke its answer off"
            case _:
                return "" if text.strip() else "answered nothing"

    def _usage(self, response: ModelResponse, started: float) -> Usage:
        counted, price = response.usage, self.price.of(response)
        return Usage(
            input_tokens=_tokens(counted.input_tokens),
            cached_tokens=_tokens(counted.cache_read_tokens),
            output_tokens=_tokens(counted.output_tokens),
            model=without(response.model_name or self.name, self.secrets)[:MODEL_CHARS],
            requests=1,
            seconds=monotonic() - started,
            micro_usd=None if price is None else min(max(price, 0), MOST_MICRO_USD),
        )

    def _broken(self, error: ModelError, trace: Trace, started: float) -> ModelError:
        """Return the error without secrets, and with what was sent and came."""
        made = ModelError(
            without(str(error), self.secrets),
            error.kind,
            retry_after_s=error.retry_after_s,
            too_long=error.too_long,
        )
        made.usage = Usage(requests=1, seconds=monotonic() - started)
        made.exchange = self._exchange(trace) if trace.sent else None
        may_cost = made.kind == "slow" or trace.status == 200
        made.unheard = int(bool(trace.sent) and may_cost)
        return made

    def _exchange(self, trace: Trace) -> JsonValue:
        return {
            "model": self.name,
            "output": self.output,
            "address": without(trace.address, self.secrets),
            "request": trace.request(self.secrets),
            "status": trace.status,
            "reply": trace.reply(self.secrets),
        }


def _tokens(told: int) -> int:
    """Return what a server says it counted, within what can be."""
    return min(max(told, 0), MOST_TOKENS)


def _demanded(schema: Mapping[str, JsonValue], output: Output) -> ModelRequestParameters:
    shape = dict(schema)
    if output == "native":
        return ModelRequestParameters(
            output_mode="native",
            output_object=OutputObjectDefinition(json_schema=shape, name=ANSWER, strict=True),
        )
    tool = ToolDefinition(
        name=ANSWER,
        description="Record the single next step.",
        parameters_json_schema=shape,
        strict=True,
    )
    return ModelRequestParameters(output_mode="tool", allow_text_output=False, output_tools=[tool])


def _text(response: ModelResponse) -> str:
    """Return the arguments of the tool that was called, else all text."""
    for part in response.parts:
        if isinstance(part, ToolCallPart):
            return part.args_as_json_str()
    return "".join(part.content for part in response.parts if isinstance(part, TextPart))
