"""The one loop (DESIGN 5): load, fold, decide, perform one effect, write, until it must wait."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot import telemetry
from bot.engine.aftercare import Aftercare
from bot.engine.execute import Executor
from bot.engine.prefetch import Prefetcher
from bot.engine.prepare import Preparer
from bot.engine.reads import Reader
from bot.engine.toolbox import Toolbox, compact
from bot.errors import StaleThreadError
from bot.incident.briefing import brief
from bot.incident.decide import decide
from bot.incident.effects import (
    AskModel,
    Effect,
    Execute,
    Hold,
    Prefetch,
    Prepare,
    Reconcile,
    Record,
    RunLimits,
    RunTools,
    Summarise,
    Verify,
    Wait,
)
from bot.incident.fact import Fact
from bot.incident.facts_run import Digests, StepChosen, StepFailed
from bot.incident.reducer import State, fold
from bot.incident.summary import closing
from bot.ports import Clock, Draft, Log, StepModel

log = logging.getLogger(__name__)
ACTOR = "bot:drive"
ASK_ATTEMPTS = 3
ASK_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Hands:
    """Who performs which effect."""

    prefetch: Prefetcher
    reader: Reader
    prepare: Preparer
    executor: Executor
    aftercare: Aftercare
    box: Toolbox
    model: StepModel


class Drive:
    """Drives one incident at a time a call; the dispatcher sees to it that calls never overlap."""

    def __init__(
        self,
        log_port: Log,
        clock: Clock,
        hands: Hands,
        limits: Callable[[], RunLimits],
        digests: Callable[[], Mapping[str, str]],
    ) -> None:
        self._log = log_port
        self._clock = clock
        self._hands = hands
        self._limits = limits
        self._digests = digests
        self.stopping = False

    async def __call__(self, incident: str) -> None:
        """Drive until the incident waits, holds, or the process is stopping (between effects).

        Raises:
            BusyError: The database is away; the alarm that is still set tries again.
        """
        while not self.stopping:
            state = fold(await self._log.load(incident))
            effect = decide(state, self._clock.now(), self._limits())
            if isinstance(effect, Wait | Hold):
                if isinstance(effect, Hold):
                    log.error("incident held: %s", effect.why, extra={"incident": incident})
                until = effect.until if isinstance(effect, Wait) else None
                if await self._log.sleep(incident, state.seq, until):
                    return
                continue
            try:
                await self._perform(state, effect)
            except StaleThreadError:
                continue

    async def _perform(self, state: State, effect: Effect) -> None:
        hands = self._hands
        match effect:
            case Record(facts):
                await self._append(state, *facts)
            case Reconcile(view):
                await hands.aftercare.reconcile(state, view)
            case Execute(view):
                await hands.executor.execute(state, view)
            case Verify(view, n):
                await hands.aftercare.verify(state, view, n)
            case RunTools():
                await hands.reader.run(state.stream, effect)
            case _:
                await self._append(state, await self._make(state, effect))

    async def _make(self, state: State, effect: Effect) -> Fact:
        match effect:
            case Prefetch():
                return await self._hands.prefetch.load(state)
            case Prepare(chosen):
                return await self._hands.prepare.prepare(state, chosen)
            case AskModel(effect_id):
                return await self._ask(state, effect_id)
            case Summarise():
                return closing(state)
            case _:
                raise TypeError(f"no hand performs {type(effect).__name__}")

    async def _ask(self, state: State, effect_id: str) -> Fact:
        model = self._hands.model
        context = brief(state, self._hands.box.offers(), self._limits().max_steps)
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                step = await model.next_step(context)
        except Exception as error:
            log.exception("no next step", extra={"incident": state.stream})
            tries = state.run.ask_attempts + 1
            again = self._clock.now() + timedelta(seconds=2**tries)
            return StepFailed(
                effect_id=effect_id,
                error=compact(model.name, error),
                retry_at=again if tries < ASK_ATTEMPTS else None,
            )
        telemetry.steps.labels(model.name, step.kind).inc()
        loaded = state.run.context
        return StepChosen(
            effect_id=effect_id,
            step=step,
            by=model.name,
            digests=Digests(
                runbook=loaded.runbook.digest if loaded and loaded.runbook else "",
                tools=self._hands.box.digest,
                **self._digests(),
            ),
            revision=loaded.revision if loaded else "",
        )

    async def _append(self, state: State, *facts: Fact) -> None:
        await self._log.append(state.stream, state.seq, Draft(ACTOR, facts))
