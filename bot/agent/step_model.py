"""The `Mind` over a language model: renders, asks, validates, repairs, checks, and accounts."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from pydantic import JsonValue

from bot import telemetry
from bot.agent.accounting import Accountant, Errand
from bot.agent.bill import packed
from bot.agent.budget import Budget
from bot.agent.closed import ClosedWorld, InvalidStep
from bot.agent.exchange import LanguageModel, ModelError, ModelReply, Prompt
from bot.agent.findings import Checked, checked, lowered
from bot.agent.llm_settings import LlmSettings
from bot.agent.prompt import render
from bot.agent.prompt_files import Prompts
from bot.agent.said import clean_step, wordless
from bot.agent.second_look import SCHEMA, asked, verdicts
from bot.agent.tokens import ratio_of, safe
from bot.agent.window import ASSUMED_TOKENS, NoRoomError, Room
from bot.incident.context import Context
from bot.incident.model import Finding
from bot.incident.steps import CallTools, Step
from bot.knowledge.routes import GENERALIST
from bot.ports import Choice, Objection

log = logging.getLogger(__name__)
REPAIRS = 2
REPAIR_CHARS = 400
MARGIN_S = 0.5
"""A second look leaves so much of the time to whoever waits for the Step."""


class LlmMind:
    """Chooses Steps with a language model; no valid Step is a `ModelError` (see bot.agent.relay).

    It asks at most `1 + REPAIRS` times a Step, and once more with half the context when the
    provider says that it is too long. What is wrong with a reply stands in the next prompt, in our
    words; no reply does, so the prompt does not grow.
    """

    def __init__(
        self,
        model: LanguageModel,
        prompts: Prompts,
        budget: Budget,
        settings: LlmSettings,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        hosts: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self.name = model.name
        self._window = model.window or settings.window_tokens
        self._accountant = Accountant(model, budget, monotonic)
        self._prompts = prompts
        self._budget = budget
        self._settings = settings
        self._monotonic = monotonic
        self._hosts = hosts

    async def next_step(self, context: Context) -> Step:
        """Return the chosen Step alone.

        Raises:
            ModelError: As `choose`.
        """
        return (await self.choose(context, lambda _: "")).step

    async def choose(self, context: Context, refusal: Objection) -> Choice:
        """Return a Step of this incident's closed world that `refusal` has nothing against.

        Raises:
            ModelError: None came within the deadline, the budget and two repairs; its `usage` and
                `exchange` are those of all requests.
        """
        began = self._monotonic()
        style = self._prompts.style(context.specialist or GENERALIST)
        room = Room(self._window, ratio_of(await self._budget.ratios(self.name)))
        errand = Errand(context, style, room, began + self._settings.deadline_s)
        try:
            prompt, found = await self._found(errand, refusal)
            step = await self._looked_again(errand, prompt, found.step, began)
        except ModelError as error:
            error.usage, error.exchange = errand.bill.usage, errand.bill.redacted()
            raise
        by = errand.bill.by or self.name
        telemetry.claims_dropped.labels(by).inc(len(found.dropped))
        return Choice(
            step=step,
            by=by,
            prompt=prompt.digest,
            exchange=packed(errand.bill.redacted()),
            usage=errand.bill.usage,
            receipt=prompt.receipt,
            dropped=found.dropped,
        )

    async def _found(self, errand: Errand, refusal: Objection) -> tuple[Prompt, Checked]:
        world, why = ClosedWorld(errand.context), errand.context.repair
        for tries in range(REPAIRS + 1):
            if tries:
                errand.bill.repaired()
                telemetry.llm_repairs.labels(errand.bill.by or self.name).inc()
            errand.context = replace(errand.context, repair=why[:REPAIR_CHARS])
            try:
                prompt, reply = await self._answer(errand, world.schema)
                found = self._checked(errand, world.read(reply.text), prompt)
            except (InvalidStep, ModelError) as error:
                if isinstance(error, ModelError) and not _is_repairable(error):
                    raise
                why = str(error)
                continue
            why = wordless(found.step) or refusal(found.step)
            if not why:
                return prompt, found
        raise ModelError(f"no valid Step in {REPAIRS + 1} tries: {why}", "invalid")

    def _checked(self, errand: Errand, step: Step, prompt: Prompt) -> Checked:
        unseen = {left.evidence for left in prompt.receipt.left_out if left.evidence}
        return checked(clean_step(step, self._hosts()), errand.context, unseen)

    async def _answer(
        self, errand: Errand, schema: Mapping[str, JsonValue]
    ) -> tuple[Prompt, ModelReply]:
        """Return the reply and what it answers; once, a context that is too long is halved."""
        prompt = render(errand.context, errand.style, schema, errand.room)
        try:
            return prompt, await self._accountant.ask(errand, prompt, "")
        except ModelError as error:
            if not error.too_long or errand.halved:
                raise
            errand.halved = True
            half = (errand.room.window_tokens or ASSUMED_TOKENS) // 2
            errand.room = replace(errand.room, window_tokens=half)
            try:
                prompt = render(errand.context, errand.style, schema, errand.room)
            except NoRoomError:
                raise error from None
        return prompt, await self._accountant.ask(errand, prompt, "")

    async def _looked_again(self, errand: Errand, prompt: Prompt, step: Step, began: float) -> Step:
        """Return the Step with its findings as sure as a second look says, never surer.

        It is left out when there is nothing to lower, no time or no room; its failure changes
        nothing.
        """
        findings: tuple[Finding, ...] = () if isinstance(step, CallTools) else step.findings
        if not self._settings.second_look or all(one.confidence == "low" for one in findings):
            return step
        if isinstance(errand.context.suggestion, CallTools):  # then nobody waits any longer
            errand.ends = min(errand.ends, began + self._settings.patience_s)
        errand.ends -= MARGIN_S
        note = asked(errand.style.words["second_look"], findings)
        sent = (prompt.system, prompt.stable, prompt.volatile, note, json.dumps(SCHEMA))
        again = replace(prompt, schema=SCHEMA, estimated_tokens=safe("\n".join(sent)))
        if not errand.room.has(again.estimated_tokens):
            return step
        try:
            async with asyncio.timeout(max(errand.ends - self._monotonic(), 0)):
                reply = await self._accountant.ask(errand, again, note)
        except (ModelError, TimeoutError) as error:
            log.info("no second look: %s", error, extra={"incident": errand.context.incident})
            return step
        return lowered(step, verdicts(reply.text, len(findings)))


def _is_repairable(error: ModelError) -> bool:
    """Tell an answer that came but cannot be used: the next may be one that can."""
    return error.kind == "invalid" and not error.too_long
