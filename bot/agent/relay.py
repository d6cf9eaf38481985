"""The configured model in front, the planner behind: nothing ever waits for a model (F-11)."""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from bot import telemetry
from bot.agent.bill import packed
from bot.agent.breaker import Breaker
from bot.agent.exchange import ModelError
from bot.agent.llm_settings import LlmSettings
from bot.agent.said import clean_line
from bot.agent.window import NoRoomError
from bot.errors import BotError
from bot.incident.context import Context
from bot.incident.facts_run import FallbackKind
from bot.incident.steps import AskHuman, CallTools, Conclude, ProposeAction, Step
from bot.knowledge.planner import RunbookPlanner
from bot.ports import Choice, Mind, Objection, StepModel

log = logging.getLogger(__name__)
GRACE_S = 1.0
"""So much later than the deadline the model's own time-out must have come."""
SLOW_RUNS = 1000
WHY_CHARS = 300
Within = Callable[[float], AbstractAsyncContextManager[object]]
"""Ends its body with TimeoutError after so many seconds."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why the model did not choose, and what is kept of its try."""

    kind: FallbackKind
    why: str
    error: ModelError | None = None


class Relay:
    """A `Mind`: asks the model and, when it fails in any way, takes the planner's Step and says so.

    The model is given the planner's Step as a suggestion. While the planner has something to look
    at, the model has `patience_s`; after that the planner looks, and for the rest of the run goes
    on as long as it has something to look at. When it has not, the model has `deadline_s`. What
    this process remembers of slow runs and failures may be lost: that costs a few seconds.
    """

    def __init__(
        self,
        front: Mind,
        settings: LlmSettings,
        *,
        planner: StepModel | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        within: Within = asyncio.timeout,
    ) -> None:
        self.name = front.name
        self._front = front
        self._settings = settings
        self._planner = planner or RunbookPlanner()
        self._within = within
        self._breaker = Breaker(monotonic, settings.deadline_s + GRACE_S)
        self._slow: dict[tuple[str, str], None] = {}
        self._ailment: FallbackKind = "unreachable"

    async def next_step(self, context: Context) -> Step:
        """Return the chosen Step alone."""
        return (await self.choose(context, lambda _: "")).step

    async def choose(self, context: Context, refusal: Objection) -> Choice:
        """Return the model's choice, or the planner's with the reason; the model raises nothing."""
        planned = await self._planner.next_step(context)
        made = await self._asked(context, planned, refusal)
        if isinstance(made, Choice):
            agreed = agrees(planned, made.step)
            telemetry.planner_agreement.labels("yes" if agreed else "no").inc()
            return replace(made, step=keyed(made.step, planned), agreed=agreed)
        telemetry.llm_fallbacks.labels(made.kind).inc()
        log.warning(
            "the planner chose instead of %s: %s: %s", self.name, made.kind, made.why,
            extra={"incident": context.incident},
        )  # fmt: skip
        choice = Choice(planned, self._planner.name, fallback=made.kind, fallback_why=made.why)
        if made.error is None:
            return choice
        return replace(choice, exchange=packed(made.error.exchange), usage=made.error.usage)

    async def _asked(
        self, context: Context, planned: Step, refusal: Objection
    ) -> "Choice | _Failure":
        run, looks = _run_of(context), isinstance(planned, CallTools)
        excuse = self._excuse(run, looks=looks)
        if excuse is not None:
            return excuse
        deadline_s = self._settings.deadline_s
        limit_s = min(self._settings.patience_s, deadline_s) if looks else deadline_s + GRACE_S
        try:
            async with self._within(limit_s):
                choice = await self._front.choose(replace(context, suggestion=planned), refusal)
        except TimeoutError:
            return self._late(run, limit_s, looks=looks)
        except ModelError as error:
            return self._failed(error)
        except Exception as error:
            log.exception("the model's side failed", extra={"incident": context.incident})
            said = str(error) if isinstance(error, BotError) else type(error).__name__
            return self._failed(ModelError(f"no Step could be made of it: {said}", "invalid"))
        if why := refusal(choice.step):
            return self._failed(ModelError(f"its Step is refused: {why}", "invalid"))
        self._breaker.answered()
        return choice

    def _excuse(self, run: tuple[str, str], *, looks: bool) -> _Failure | None:
        """Return why the model is not even asked."""
        if looks and run in self._slow:
            return _Failure("slow", "it was slow before in this investigation")
        left_s = self._breaker.resting_s()
        if left_s:
            return _Failure(self._ailment, f"it failed of late; left alone for {left_s:.0f} s more")
        return None

    def _late(self, run: tuple[str, str], limit_s: float, *, looks: bool) -> _Failure:
        if not looks:
            return self._failed(ModelError(f"no answer within {limit_s - GRACE_S:g} s", "slow"))
        self._slow[run] = None
        if len(self._slow) > SLOW_RUNS:
            self._slow.pop(next(iter(self._slow)))
        why = f"no answer within {limit_s:g} s, and the planner had something to look at"
        return _Failure("slow", why)

    def _failed(self, error: ModelError) -> _Failure:
        is_its_own = error.kind != "budget" and not error.too_long
        if is_its_own and not isinstance(error, NoRoomError):
            self._ailment = error.kind or "invalid"
            if self._breaker.failed(error.retry_after_s):
                telemetry.llm_rests.labels(self.name).inc()
        return _Failure(error.kind or "invalid", clean_line(str(error), WHY_CHARS), error)


def agrees(planned: Step, chosen: Step) -> bool:
    """Tell whether two Steps do the same: the same reads, the same action, the same end."""
    match planned, chosen:
        case CallTools(), CallTools():
            return _reads(planned) == _reads(chosen)
        case ProposeAction(), ProposeAction():
            same = (planned.tool, planned.args) == (chosen.tool, chosen.args)
            return same or (bool(planned.template) and planned.template == chosen.template)
        case AskHuman(), AskHuman():
            return True
        case Conclude(), Conclude():
            return planned.outcome == chosen.outcome
        case _:
            return False


def keyed(chosen: Step, planned: Step) -> Step:
    """Return the Step with those reads named as diagnostics that the planner would make too.

    So the planner knows what they answered, should it carry on.
    """
    if not isinstance(chosen, CallTools) or not isinstance(planned, CallTools):
        return chosen
    keys = {_read(call.tool, call.args): call.key for call in planned.calls}
    calls = (
        call.model_copy(update={"key": call.key or keys.get(_read(call.tool, call.args), "")})
        for call in chosen.calls
    )
    return chosen.model_copy(update={"calls": tuple(calls)})


def _reads(step: CallTools) -> set[str]:
    return {_read(call.tool, call.args) for call in step.calls}


def _read(tool: str, args: object) -> str:
    return json.dumps([tool, args], sort_keys=True, default=str)


def _run_of(context: Context) -> tuple[str, str]:
    return context.incident, context.effect_id.partition("s")[0]
