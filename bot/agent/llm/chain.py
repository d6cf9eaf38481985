"""Several models in a row: the next is asked when one cannot answer, all within one deadline."""

import asyncio
import logging
from collections.abc import Sequence
from time import monotonic

from pydantic import JsonValue

from bot import telemetry
from bot.agent.bill import together
from bot.agent.exchange import LanguageModel, ModelError, ModelReply, Prompt
from bot.agent.llm.closed_schema import check_closed
from bot.incident.facts_run import Usage

SHARE = 0.5
"""Of the time that is left, so much is for a model that others stand behind."""
LEAST_S = 1.0
"""A request that has less than this is not worth sending again."""

log = logging.getLogger(__name__)


class Chain:
    """A LanguageModel over one or more; name and window are those of the first.

    A later model whose window is known to be too small for a prompt is passed over. Usage of a
    reply counts every request that was sent for it; the exchange says who was passed over and why.
    An answer that a model gave but that cannot be used ends the chain: whoever asked may ask for a
    repair. A reply and an error say which model they are of.

    Attributes:
        members: The models, in the order they are asked; at least one.
    """

    def __init__(self, members: Sequence[LanguageModel]) -> None:
        self.members = tuple(members)
        self.name = members[0].name
        self.window = members[0].window

    async def ask(self, prompt: Prompt, note: str, deadline_s: float) -> ModelReply:
        """Return the first answer that comes.

        Raises:
            ModelError: None came; its kind is why the first one did not, its words are all of them.
            ValueError: The schema is not strict, which is a bug.
        """
        check_closed(prompt.schema)
        started = monotonic()
        failed: list[ModelError] = []
        for number, member in enumerate(self.members):
            left = deadline_s - (monotonic() - started)
            if left <= 0:
                break
            if number and member.window is not None and prompt.estimated_tokens > member.window:
                failed.append(ModelError(f"{member.name} has too small a window", "invalid"))
                continue
            is_last = number == len(self.members) - 1
            try:
                reply = await _asked(member, prompt, note, left, failed, is_last=is_last)
            except ModelError as error:
                error.by = member.name
                failed.append(error)
                log.warning("%s", error)
                if _answered(error):
                    break
            else:
                _count(failed)
                usage = _summed(reply.usage, failed, monotonic() - started)
                unheard = reply.unheard + sum(error.unheard for error in failed)
                exchange = _told(reply.exchange, failed)
                return ModelReply(reply.text, usage, exchange, member.name, unheard)
        raise _joined(failed, monotonic() - started)


async def _asked(
    member: LanguageModel,
    prompt: Prompt,
    note: str,
    left_s: float,
    failed: list[ModelError],
    *,
    is_last: bool,
) -> ModelReply:
    """Ask one model, and once more where that may help and there is time."""
    ends_at = monotonic() + (left_s if is_last else left_s * SHARE)
    try:
        return await member.ask(prompt, note, ends_at - monotonic())
    except ModelError as error:
        wait_s = _again_after(error, is_last=is_last)
        if wait_s is None or monotonic() + wait_s + LEAST_S > ends_at:
            raise
        error.by = member.name
        failed.append(error)
    await asyncio.sleep(wait_s)
    return await member.ask(prompt, note, ends_at - monotonic())


def _again_after(error: ModelError, *, is_last: bool) -> float | None:
    """Return after how many seconds the same model is asked again, None for not at all."""
    if error.kind == "unreachable":
        return 0.0  # a connection that broke: often only that one
    if is_last and error.kind in {"rate_limited", "overloaded"}:
        return error.retry_after_s
    return None


def _count(failed: Sequence[ModelError]) -> None:
    """Count requests that came to nothing by whom they were made to; whoever asked counts one."""
    for error in failed:
        if error.by and error.usage.requests:
            telemetry.llm_requests.labels(error.by, error.kind or "invalid").inc()


def _summed(usage: Usage, failed: Sequence[ModelError], seconds: float) -> Usage:
    """Return what all requests together cost, those that failed included."""
    whole = usage
    for error in failed:
        if error.usage.requests:
            whole = together(whole, error.usage.model_copy(update={"model": ""}))
    return whole.model_copy(update={"seconds": seconds})


def _told(exchange: JsonValue, failed: Sequence[ModelError]) -> JsonValue:
    """Return the exchange, and with it who did not answer and why."""
    if not failed or not isinstance(exchange, dict):
        return exchange
    return {
        **exchange,
        "passed_over": [{"kind": error.kind, "why": str(error)} for error in failed],
    }


def _answered(error: ModelError) -> bool:
    return error.usage.output_tokens > 0


def _joined(failed: Sequence[ModelError], seconds: float) -> ModelError:
    """Return one error of all; its kind is that of an answer that came, else of the first."""
    leading = failed[-1] if _answered(failed[-1]) else failed[0]
    others = [error for error in failed if error is not leading]
    waits = [error.retry_after_s for error in failed if error.retry_after_s is not None]
    made = ModelError(
        "; ".join(dict.fromkeys(str(error) for error in failed)),
        leading.kind,
        retry_after_s=min(waits, default=None),
        too_long=any(error.too_long for error in failed),
    )
    _count(others)
    made.by = leading.by
    made.usage = _summed(leading.usage, others, seconds)
    made.exchange = _told(leading.exchange, others)
    made.unheard = sum(error.unheard for error in failed)
    return made
