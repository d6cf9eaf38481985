"""Runs an approved proposal once: grant, preconditions, intent, call, result; repeats never."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, repeat
from typing import TypeVar

from bot import telemetry
from bot.engine.aftercare import INTERRUPTED, read_back, settled
from bot.engine.call import CancelledByPauseError, call_action, idempotent
from bot.engine.grant import Granter, Ready, check_version
from bot.engine.last_gate import PROBED_S, LastGate, Revoked
from bot.engine.toolbox import (
    Looked,
    Toolbox,
    compact,
)
from bot.errors import BusyError, RemoteError, ToolError
from bot.incident.fact import Fact
from bot.incident.facts_action import (
    ActionFinished,
    ActionUnknown,
    ProposalSuperseded,
)
from bot.incident.model import CompactError
from bot.incident.state import State
from bot.incident.storable import encodable
from bot.incident.views import ProposalView
from bot.ports import Clock, Draft, Library, Log, Sealer
from bot.ports import Refusal as LogRefusal
from bot.shelf import ActionCall, ToolResult

log = logging.getLogger(__name__)
ACTOR = "bot:executor"
AGAIN_S = (1.0, 3.0)
"""Pauses before a call that was never sent is made again; the grant ends before long."""
RETRY_S = (0.05, 0.2, 1, 2, 5)
SECURITY = "security"
"""What an error's `system` is when an action was refused because something was tampered with."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """The kill switch (E-35): says why nothing may start now; empty when it may.

    `thrown` says why what runs and may be cut off is cut off: a human wants it, and not only that
    another process drives by now. None: for any reason that nothing may start.
    """

    closed: Callable[[], str]
    thrown: Callable[[], str] | None = None


class Executor:
    """Holds the actions; everything it runs was approved by digest."""

    def __init__(
        self,
        log_port: Log,
        box: Toolbox,
        library: Library,
        clock: Clock,
        switch: KillSwitch,
        sealer: Sealer,
    ) -> None:
        self._log = log_port
        self._box = box
        self._gate = LastGate(clock)
        self._granter = Granter(box, library, clock, self._gate, sealer)
        self._clock = clock
        self._switch = switch
        self._targets: dict[str, asyncio.Lock] = {}

    async def execute(self, state: State, view: ProposalView) -> None:
        """Run the approved proposal, or supersede it when it may not run any more.

        Raises:
            StaleThreadError: The incident moved on before the intent was committed.
            BusyError: Nothing may start now, or the intent could not be committed; nothing was
                called, and the approval still stands.
            UnreadableError: Nobody can be authorised now (E-26); the approval still stands.
        """
        target = f"{view.proposal.environment} {view.proposal.target}"
        async with self._targets.setdefault(target, asyncio.Lock()):
            try:
                ready = await self._granter.grant(state, view)
            except (Revoked, ToolError) as revoked:
                if closed := self._switch.closed():  # what it saw may be old
                    raise BusyError(closed) from None
                await self._append(state, _superseded(view, revoked))
                return
            if closed := self._switch.closed() or self._too_old(ready):
                raise BusyError(closed)
            await self._append(state, ready.started)
            await self._call(state.stream, view, ready)

    def _too_old(self, ready: Ready) -> str:
        if self._clock.now() - ready.sending.probed_at <= timedelta(seconds=PROBED_S):
            return ""
        return f"reading its preconditions took more than {PROBED_S} s; they are read again"

    async def _call(self, stream: str, view: ProposalView, ready: Ready) -> None:
        begun = self._clock.now()
        name, attempt = ready.found.tool.name, ready.started.attempt
        if closed := self._switch.closed():
            facts: tuple[Fact, ...] = (_not_done(attempt, name, closed),)
        else:
            facts = await self._outcome(view, ready)
        seconds = (self._clock.now() - begun).total_seconds()
        outcome = type(facts[-1]).__name__.removeprefix("Action").lower()
        telemetry.execution_duration.labels(name, outcome).observe(seconds)
        await self._record(stream, view.proposal.id, attempt, facts)

    async def _outcome(self, view: ProposalView, ready: Ready) -> tuple[Fact, ...]:
        attempt, tool = ready.started.attempt, ready.found.tool
        approvers = sorted({d.person for _, d in view.decisions if d.verdict == "approve"})
        call = ActionCall(attempt, ", ".join(approvers))
        try:
            check_version(ready.found, ready.sending.args, view.proposal)
            result = await self._send(ready, call)
        except CancelledByPauseError as error:
            return await self._cancelled(view, attempt, str(error))
        except (TimeoutError, Revoked, ToolError) as error:
            return (_ended(view, attempt, tool.name, error),)
        except Exception as error:
            log.exception("an action failed in an unforeseen way")
            return (ActionUnknown(attempt=attempt, why=compact(tool.name, error).message),)
        return (await self._finished(view, attempt, result),)

    async def _send(self, ready: Ready, call: ActionCall) -> ToolResult:
        """Call, and again when it certainly was not sent and the action is idempotent (E-12)."""
        found, sending = ready.found, ready.sending
        thrown = self._switch.thrown or self._switch.closed
        for pause_s in (*AGAIN_S, None):
            try:
                async with asyncio.timeout(found.tool.timeout_s):
                    return await call_action(found, sending, call, self._gate, thrown)
            except RemoteError as error:
                may_again = not error.sent and idempotent(found, sending.args)
                if pause_s is None or not may_again or self._switch.closed():
                    raise
                log.warning("nothing was sent; it is tried again: %s", error)
            self._gate.give_back(sending.grant)
            await asyncio.sleep(pause_s)
        raise AssertionError("the last try returns or raises")

    async def _cancelled(self, view: ProposalView, attempt: str, why: str) -> tuple[Fact, ...]:
        """It was cut off in the middle: nobody knows, unless the target can say (E-35, E-14)."""
        unknown = ActionUnknown(attempt=attempt, why=f"cancelled: {why}; {INTERRUPTED}"[:400])
        read = await read_back(self._box, view.proposal, attempt)
        if read is None:
            return (unknown,)
        known = await patiently(lambda: settled(self._box, view.proposal, attempt, read))
        return (unknown, known)

    async def _finished(self, view: ProposalView, attempt: str, result: ToolResult) -> Fact:
        proposal = view.proposal
        try:
            looked = await patiently(
                lambda: self._box.keep(proposal.tool, proposal.args, result, proposal.incident)
            )
        except Exception:  # the action was done; that must be written
            log.exception("what an action answered could not be kept as evidence")
            looked = Looked("", "it answered, but the answer could not be kept", ())
        return ActionFinished(
            attempt=attempt,
            ok=result.ok,
            evidence=looked.evidence,
            summary=looked.summary,
            link=encodable(result.link[:2000]),
        )

    async def _append(self, state: State, fact: Fact) -> None:
        await self._log.append(state.stream, state.seq, Draft(ACTOR, (fact,)))

    async def _record(
        self, stream: str, proposal: str, attempt: str, facts: tuple[Fact, ...]
    ) -> None:
        """Write a result at the head, however long the database takes: the call was made."""

        def build(state: State) -> Draft | LogRefusal:
            view = state.incident.proposals.get(proposal)
            if view is None or view.attempt != attempt or view.status != "executing":
                return LogRefusal("the attempt was already settled")
            return Draft(ACTOR, facts)

        await patiently(lambda: self._log.record(stream, build))


async def patiently(write: Callable[[], Awaitable[T]]) -> T:
    """Return what `write` returns, repeating it until the database takes it."""
    pauses = chain(RETRY_S, repeat(RETRY_S[-1]))
    while True:
        try:
            return await write()
        except BusyError:
            await asyncio.sleep(next(pauses))


def _superseded(view: ProposalView, revoked: Exception) -> Fact:
    security = _cry_out(view, revoked)
    return ProposalSuperseded(
        proposal=view.proposal.id,
        digest=view.asked.digest,
        why=str(revoked)[:400],
        security=security,
    )


def _ended(view: ProposalView, attempt: str, name: str, error: Exception) -> Fact:
    """Return what a call that answered nothing comes to: unknown, unless certainly not done."""
    if isinstance(error, TimeoutError):
        return ActionUnknown(attempt=attempt, why="no answer in time; it may have been done")
    if isinstance(error, Revoked):
        return _refused(view, attempt, name, error)
    if isinstance(error, RemoteError) and error.sent:
        return ActionUnknown(attempt=attempt, why=compact(name, error).message)
    return _not_done(attempt, name, error)


def _refused(view: ProposalView, attempt: str, name: str, revoked: Revoked) -> Fact:
    """The intent stands, and nothing was called."""
    if not _cry_out(view, revoked):
        return _not_done(attempt, name, str(revoked))
    short = CompactError(system=SECURITY, message=str(revoked)[:400], retryable=False)
    return ActionFinished(
        attempt=attempt, ok=False, evidence="", summary=short.message, error=short
    )


def _cry_out(view: ProposalView, revoked: Exception) -> bool:
    """Count and log a security event; True when it is one (E-07)."""
    if not isinstance(revoked, Revoked) or not revoked.security:
        return False
    telemetry.security_events.labels(revoked.security).inc()
    where = {"incident": view.proposal.incident, "proposal": view.proposal.id}
    log.error("SECURITY: nothing was run: %s", revoked, extra=where)
    return True


def _not_done(attempt: str, name: str, why: Exception | str) -> ActionFinished:
    short = compact(name, why if isinstance(why, Exception) else ToolError(why))
    return ActionFinished(
        attempt=attempt, ok=False, evidence="", summary=short.message, error=short
    )
