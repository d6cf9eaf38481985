"""The one loop (DESIGN 5): load, fold, decide, perform one effect, write, until it must wait."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot import telemetry
from bot.engine.aftercare import Aftercare
from bot.engine.attending import attended, is_next, write
from bot.engine.choosing import chosen_step
from bot.engine.execute import Executor
from bot.engine.gates import Turnstile, investigates, ticket_of
from bot.engine.inspecting import no_longer_readable
from bot.engine.prefetch import Prefetcher
from bot.engine.prepare import Preparer
from bot.engine.reads import Reader
from bot.engine.scribing import Scribing
from bot.engine.summon import Summoner
from bot.engine.toolbox import Toolbox, compact
from bot.errors import BusyError, StaleThreadError
from bot.incident.briefing import brief
from bot.incident.deadlines import deadlines
from bot.incident.decide import decide, own_limits
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
    Summon,
    Verify,
    Wait,
)
from bot.incident.fact import Fact
from bot.incident.facts_run import Digests, StepChosen, StepFailed
from bot.incident.reducer import State
from bot.incident.summary import closing
from bot.ports import Clock, Draft, Log, Mind, Scribe, StepModel

log = logging.getLogger(__name__)
ACTOR = "bot:drive"
Facts = tuple[Fact, ...]
ASK_ATTEMPTS = 3
ASK_TIMEOUT_S = 60.0
LOOK_AGAIN = timedelta(seconds=30)
"""An incident in the queue is looked at this often, should its call be lost."""
OVERTAKEN_MOST = 20
"""So often in a row others may be first; then it is no race any more."""


@dataclass(frozen=True, slots=True)
class Hands:
    """Who performs which effect."""

    prefetch: Prefetcher
    reader: Reader
    prepare: Preparer
    executor: Executor
    aftercare: Aftercare
    summoner: Summoner
    box: Toolbox
    model: StepModel | Mind
    scribe: Scribe | None = None


class Drive:
    """Drives one incident at a time a call; the dispatcher sees to it that calls never overlap.

    Attributes:
        stopping: Set to end between effects.
        hold_s: Seconds after which an incident that is held here is offered again, to a process
            that may be newer; None where there is no other process.
    """

    def __init__(
        self,
        log_port: Log,
        clock: Clock,
        hands: Hands,
        limits: Callable[[], RunLimits],
        digests: Callable[[], Mapping[str, str]],
        gate: Turnstile | None = None,
    ) -> None:
        self._log = log_port
        self._clock = clock
        self._hands = hands
        self._scribing = Scribing(log_port, hands.scribe)
        self._limits = limits
        self._digests = digests
        self.gate = gate
        self.stopping = False
        self.hold_s: float | None = None

    async def __call__(self, incident: str) -> None:
        """Drive until the incident waits, is queued, holds, or the process stops between effects.

        Raises:
            BusyError: The database is away, or what the loop decides never becomes true; the
                alarm that is still set tries again.
        """
        queued = False
        try:
            queued = await self._go(incident)
        finally:
            if self.gate is not None and not queued:
                self.gate.leave(incident)

    async def turn(self, incident: str) -> bool:
        """Drive as a call does, but investigate nothing; True when that is what comes next.

        Raises:
            BusyError: As a call.
        """
        return await self._go(incident, investigates)

    async def _go(self, incident: str, leave: Callable[[Effect], bool] | None = None) -> bool:
        """Perform effect after effect; True when the next one is left, or waits for a place.

        It lets go of the state before it waits for the writer: a storm makes states large, and
        many wait at once.
        """
        overtaken, why = 0, ""
        while not self.stopping:
            overtaken = _once_more(incident, overtaken, why)
            state, effect = await self._look(incident)
            if leave is not None and leave(effect):
                if await self._log.sleep(incident, state.seq, self._clock.now()):
                    return True  # it is due as before, and no decision slipped in unseen
                continue
            if isinstance(effect, Wait | Hold):
                seq = state.seq
                del state
                if await self._log.sleep(incident, seq, self._alarm(incident, effect)):
                    return False
                continue
            if not self._has_place(state, effect):
                again_at = _look_again(state, state.time(self._clock.now()), self._limits())
                if await self._log.sleep(incident, state.seq, again_at):
                    return True
                continue
            try:
                facts, seq = await self._perform(state, effect), state.seq
                del state
                if facts:
                    await write(self._log, incident, seq, effect, Draft(ACTOR, facts))
                overtaken = 0
            except StaleThreadError as error:
                why = str(error)
        return False

    async def _look(self, incident: str) -> tuple[State, Effect]:
        """Return where the incident stands, and what comes next."""
        state = await self._log.state(incident)
        effect = self._next(state)
        if isinstance(effect, Execute):  # the stored bytes start it, not a memory of them (E-07)
            state = await self._log.afresh(incident)
            effect = self._next(state)
        return state, effect

    def _next(self, state: State) -> Effect:
        effect = decide(state, state.time(self._clock.now()), self._limits())
        unreadable = tuple(no_longer_readable(self._hands.box, state))
        return Record(unreadable) if unreadable and not isinstance(effect, Hold) else effect

    def _alarm(self, incident: str, effect: Wait | Hold) -> datetime | None:
        if isinstance(effect, Wait):
            return effect.until
        log.error("incident held: %s", effect.why, extra={"incident": incident})
        return None if self.hold_s is None else self._clock.now() + timedelta(seconds=self.hold_s)

    def _has_place(self, state: State, effect: Effect) -> bool:
        if self.gate is None or not investigates(effect):
            return True
        return self.gate.enter(ticket_of(state))

    async def _perform(self, state: State, effect: Effect) -> Facts:
        """Perform the effect; return what is left to be written about it."""
        hands = self._hands
        match effect:
            case Record(facts):
                return tuple(facts)
            case Reconcile(view):
                await hands.aftercare.reconcile(state, view)
            case Execute(view):
                await hands.executor.execute(state, view)
            case Verify(view, n):
                await hands.aftercare.verify(state, view, n)
            case RunTools():
                await hands.reader.run(state.stream, effect, frozenset(state.run.seen))
            case AskModel(effect_id):
                return await self._ask(state, effect_id)
            case Prepare(chosen):
                return await hands.prepare.prepare(state, chosen)
            case Summarise() if await self._scribing.adds_to(state, paused=self._limits().paused):
                pass
            case _:
                return (await self._make(state, effect),)
        return ()

    async def _make(self, state: State, effect: Effect) -> Fact:
        match effect:
            case Prefetch():
                return await self._hands.prefetch.load(state)
            case Summon(call):
                return self._hands.summoner.summon(state, call)
            case Summarise():
                return closing(state)
            case _:
                raise TypeError(f"no hand performs {type(effect).__name__}")

    async def _asks(self, incident: str, effect_id: str) -> bool:
        return is_next(self._next(await self._log.state(incident)), effect_id)

    async def _ask(self, state: State, effect_id: str) -> Facts:
        """Return what the model chose; nothing when something else has to be done first."""
        model = self._hands.model
        limits = own_limits(self._limits(), state)
        context = brief(state, self._hands.box.menu.offers_for(state), limits.max_steps)
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                choice = await attended(
                    chosen_step(model, context, self._hands.box.menu),
                    partial(self._asks, state.stream, effect_id),
                )
        except Exception as error:
            log.exception("no next step", extra={"incident": state.stream})
            tries = state.run.ask_attempts + 1
            again = self._clock.now() + timedelta(seconds=2**tries)
            failed = StepFailed(
                effect_id=effect_id,
                error=compact(model.name, error),
                retry_at=again if tries < ASK_ATTEMPTS else None,
            )
            return (failed,)
        if choice is None:
            return ()
        telemetry.steps.labels(choice.by, choice.step.kind).inc()
        loaded = state.run.context
        exchange = await self._hands.box.keep_exchange(state.stream, effect_id, choice)
        chosen = StepChosen(
            effect_id=effect_id,
            step=choice.step,
            by=choice.by,
            exchange=exchange,
            usage=choice.usage,
            receipt=choice.receipt,
            agreed=choice.agreed,
            fallback=choice.fallback,
            fallback_why=choice.fallback_why,
            dropped=choice.dropped,
            digests=Digests(
                prompt=choice.prompt,
                runbook=loaded.runbook.digest if loaded and loaded.runbook else "",
                tools=self._hands.box.digest,
                **self._digests(),
            ),
            revision=loaded.revision if loaded else "",
        )
        return (chosen,)


def _once_more(incident: str, overtaken: int, why: str) -> int:
    """Count one more try; a row that disagrees with the log would make it try for ever."""
    if overtaken < OVERTAKEN_MOST:
        return overtaken + 1
    raise BusyError(
        f"{incident} could not be written {overtaken} times in a row "
        f"({why or 'its alarm could not be set'}): either much is being written to it, or its rows "
        "disagree with the log; if this goes on, stop the bot and run triagebot db rebuild"
    )


def _look_again(state: State, now: datetime, limits: RunLimits) -> datetime:
    """Return when a queued incident is looked at again, called or not."""
    due = (at for at in deadlines(state, now, limits) if at > now)
    return min((*due, now + LOOK_AGAIN))
