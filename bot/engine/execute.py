"""Runs an approved proposal once: grant, preconditions, intent, call, result; repeats never."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TypeVar

from bot import telemetry
from bot.engine.grant import Granter, Ready, Revoked, check_version
from bot.engine.toolbox import (
    Looked,
    Toolbox,
    compact,
    encodable,
)
from bot.errors import BusyError, RemoteError, ToolError
from bot.incident.fact import Fact
from bot.incident.facts_action import (
    ActionFinished,
    ActionUnknown,
    ProposalSuperseded,
)
from bot.incident.state import ProposalView, State
from bot.ports import Clock, Draft, Library, Log
from bot.ports import Refusal as LogRefusal
from bot.shelf import ActionCall, ToolResult

log = logging.getLogger(__name__)
ACTOR = "bot:executor"
RETRY_S = (0.05, 0.2, 1, 2, 5)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """The kill switch (E-35): says why nothing may start now; empty when it may."""

    closed: Callable[[], str]


class Executor:
    """Holds the actions; everything it runs was approved by digest."""

    def __init__(
        self, log_port: Log, box: Toolbox, library: Library, clock: Clock, switch: KillSwitch
    ):
        self._log = log_port
        self._box = box
        self._granter = Granter(box, library, clock)
        self._clock = clock
        self._switch = switch
        self._targets: dict[str, asyncio.Lock] = {}

    async def execute(self, state: State, view: ProposalView) -> None:
        """Run the approved proposal, or supersede it when it may not run any more.

        Raises:
            StaleThreadError: The incident moved on before the intent was committed.
            BusyError: Nothing may start now, or the intent could not be committed; nothing was
                called, and the approval still stands.
        """
        target = f"{view.proposal.environment} {view.proposal.target}"
        async with self._targets.setdefault(target, asyncio.Lock()):
            try:
                ready = await self._granter.grant(state, view)
            except (Revoked, ToolError) as revoked:
                await self._append(state, _superseded(view, revoked))
                return
            if closed := self._switch.closed():
                raise BusyError(closed)
            await self._append(state, ready.started)
            await self._call(state.stream, view, ready)

    async def _call(self, stream: str, view: ProposalView, ready: Ready) -> None:
        begun = self._clock.now()
        name, attempt = ready.found.tool.name, ready.started.attempt
        closed = self._switch.closed()
        if closed or self._clock.now() >= ready.started.not_after:
            fact: Fact = _not_done(attempt, name, closed or "the grant ran out before the call")
        else:
            fact = await self._outcome(view, ready)
        seconds = (self._clock.now() - begun).total_seconds()
        outcome = type(fact).__name__.removeprefix("Action").lower()
        telemetry.execution_duration.labels(name, outcome).observe(seconds)
        await self._record(stream, view.proposal.id, attempt, fact)

    async def _outcome(self, view: ProposalView, ready: Ready) -> Fact:
        attempt, tool = ready.started.attempt, ready.found.tool
        approvers = sorted({d.person for _, d in view.decisions if d.verdict == "approve"})
        call = ActionCall(attempt, ", ".join(approvers))
        try:
            check_version(ready.found, ready.args, view.proposal)
        except (Revoked, ToolError) as error:
            return _not_done(attempt, tool.name, error)
        try:
            async with asyncio.timeout(tool.timeout_s):
                result = await ready.found.opened.run(ready.args, call)
        except TimeoutError:
            return ActionUnknown(attempt=attempt, why="no answer in time; it may have been done")
        except ToolError as error:
            if isinstance(error, RemoteError) and error.sent:
                return ActionUnknown(attempt=attempt, why=compact(tool.name, error).message)
            return _not_done(attempt, tool.name, error)
        except Exception as error:
            log.exception("an action failed in an unforeseen way")
            return ActionUnknown(attempt=attempt, why=compact(tool.name, error).message)
        return await self._finished(view, attempt, result)

    async def _finished(self, view: ProposalView, attempt: str, result: ToolResult) -> Fact:
        proposal = view.proposal
        try:
            looked = await patiently(
                lambda: self._box.keep(proposal.tool, proposal.args, result, proposal.incident)
            )
        except Exception:
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

    async def _record(self, stream: str, proposal: str, attempt: str, fact: Fact) -> None:
        """Write a result at the head, however long the database takes: the call was made."""

        def build(state: State) -> Draft | LogRefusal:
            view = state.incident.proposals.get(proposal)
            if view is None or view.attempt != attempt or view.status != "executing":
                return LogRefusal("the attempt was already settled")
            return Draft(ACTOR, (fact,))

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
    return ProposalSuperseded(
        proposal=view.proposal.id,
        digest=view.asked.digest,
        why=str(revoked)[:400],
        security=isinstance(revoked, Revoked) and revoked.security,
    )


def _not_done(attempt: str, name: str, why: Exception | str) -> ActionFinished:
    short = compact(name, why if isinstance(why, Exception) else ToolError(why))
    return ActionFinished(
        attempt=attempt, ok=False, evidence="", summary=short.message, error=short
    )
