"""Counts and logs facts after they are written: one place for metrics about incidents."""

import asyncio
import logging
from datetime import datetime

from bot import telemetry
from bot.conversation.look import correlation_of
from bot.errors import BotError
from bot.incident import facts_action as action
from bot.incident.events import Event
from bot.incident.fact import HOUSE
from bot.incident.facts_alerts import (
    ConclusionJudged,
    IncidentAcked,
    IncidentEscalated,
    IncidentHandedOff,
    QuestionReminded,
)
from bot.incident.facts_run import ConclusionReached, EscalationRaised, ToolReturned
from bot.incident.model import SEVERITIES
from bot.incident.reducer import State
from bot.ports import Clock, Filter, Incidents, Log

log = logging.getLogger(__name__)
KNOWN_MAX = 5000
BREATH_S = 0.25
"""Pause after each count, so that a burst of commits is one look."""
LEVELS_SHOWN = 9
OURS = frozenset({"planner", "triagebot"})
"""Who answers without a model; `triagebot` is the run that gives up."""
ENDS: dict[type, str] = {
    action.ProposalApproved: "approved",
    action.ProposalDenied: "denied",
    action.ProposalExpired: "expired",
    action.ProposalSuperseded: "superseded",
    action.ProposalWithdrawn: "withdrawn",
    action.ActionUnknown: "unknown",
    action.ActionRegressed: "regressed",
    action.ActionUndone: "undone",
}


class Meter:
    """Follows the commits at its own pace; it may lag, and it never holds up a commit."""

    def __init__(self, log_port: Log, incidents: Incidents, clock: Clock) -> None:
        self._log = log_port
        self._incidents = incidents
        self._since = clock.now()
        self._seen: dict[str, int] = {}
        self._dirty: set[str] = set()
        self._woken = asyncio.Event()

    def wake(self, streams: frozenset[str]) -> None:
        """Count these streams soon."""
        self._dirty |= streams - {HOUSE}
        self._woken.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Count until stopping."""
        ended = asyncio.create_task(stopping.wait())
        while not stopping.is_set():
            woken = asyncio.create_task(self._woken.wait())
            await asyncio.wait({ended, woken}, return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()
            self._woken.clear()
            try:
                await self._count()
            except BotError as error:
                log.warning("metrics lag: %s", error)
            await asyncio.wait({ended}, timeout=BREATH_S)
        ended.cancel()

    async def _count(self) -> None:
        streams, self._dirty = self._dirty, set()
        for stream in streams:
            await self._stream(stream)
        if len(self._seen) > KNOWN_MAX:
            self._seen = dict(list(self._seen.items())[KNOWN_MAX // 2 :])
        rows = await self._incidents.page(Filter(status="open", limit=200))
        for severity in SEVERITIES:
            number = sum(row.severity == severity for row in rows)
            telemetry.incidents_open.labels(severity).set(number)
        telemetry.audit_last_seq.set(await self._log.changed())

    async def _stream(self, stream: str) -> None:
        events = await self._log.load(stream, self._seen.get(stream, 0))
        if not events:
            return
        self._seen[stream] = events[-1].seq
        new = [event for event in events if event.at >= self._since]
        state = await self._log.state(stream)
        for event in new:
            count_event(state, event)
            log.info(event.type, extra=traced(state, event))


def traced(state: State, event: Event) -> dict[str, object]:
    """Return what ties an event's log line to its incident, its cards and its delivery (G-12)."""
    body = event.body
    proposal = getattr(body, "proposal", "")
    return {
        "incident": event.stream,
        "seq": event.seq,
        "actor": event.actor,
        "correlation": correlation_of(state),
        "delivery": getattr(body, "delivery", ""),
        "proposal": proposal if isinstance(proposal, str) else proposal.id,
    }


def count_event(state: State, event: Event) -> None:
    """Count one event, labelled by what the thread says of its proposal."""
    body = event.body
    name = ENDS.get(type(body), "")
    if name:
        _proposal(state, str(getattr(body, "proposal", "")), getattr(body, "attempt", ""), name)
    match body:
        case action.ActionProposed():
            word = "proposed" if body.proposal.revision == 1 else "edited"
            _proposal(state, body.proposal.id, "", word)
        case action.ActionFinished() | action.ActionReconciled():
            _proposal(state, "", body.attempt, "succeeded" if body.ok else "failed")
        case ConclusionReached():
            _concluded(state, event, body)
        case ConclusionJudged():
            telemetry.conclusions.labels(body.verdict).inc()
        case EscalationRaised():
            telemetry.escalations.labels(body.kind or "other").inc()
        case ToolReturned(cached=True):
            telemetry.tool_calls.labels(body.tool, "cached").inc()
        case _:
            _count_care(state, event)


def _concluded(state: State, event: Event, body: ConclusionReached) -> None:
    """Count a conclusion, or an answer by who gave it and where it was asked."""
    if not body.question:
        telemetry.conclusions.labels("unjudged").inc()
        if state.incident.first_concluded_at == event.at:
            _since_opened(state, event.at)
        return
    given = (one for one in state.incident.answers_given if one.at == event.at)
    asked = next((one.asked for one in given if one.asked is not None), None)
    by = body.by if body.by in OURS else "model"
    outcome = "given_up" if by == "triagebot" else by
    telemetry.questions.labels(outcome, asked.channel if asked else "").inc()


def _since_opened(state: State, at: datetime) -> None:
    if state.incident.opened_at is not None:
        seconds = (at - state.incident.opened_at).total_seconds()
        telemetry.conclusion_time.observe(max(seconds, 0))


def _count_care(state: State, event: Event) -> None:
    """Count who was called and who took care."""
    body = event.body
    match body:
        case IncidentAcked() | IncidentHandedOff():
            _first_ack(state, event.at)
        case IncidentEscalated():
            about = "incident" if not body.about else "question"
            about = "proposal" if body.about in state.incident.proposals else about
            telemetry.calls.labels(str(min(body.level, LEVELS_SHOWN)), about).inc()
        case action.ProposalReminded():
            telemetry.calls.labels("1", "proposal").inc()
        case QuestionReminded():
            telemetry.calls.labels("1", "question").inc()
        case _:
            pass


def _first_ack(state: State, at: datetime) -> None:
    view = state.incident
    if view.opened_at is not None and view.first_acked_at == at:
        telemetry.ack_time.observe(max((at - view.opened_at).total_seconds(), 0))


def _proposal(state: State, identifier: str, attempt: str, outcome: str) -> None:
    for view in state.incident.proposals.values():
        if view.proposal.id == identifier or (attempt and view.attempt == attempt):
            proposal = view.proposal
            telemetry.proposals.labels(proposal.tool, proposal.risk, outcome).inc()
            return
