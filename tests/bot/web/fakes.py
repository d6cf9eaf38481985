"""Stand-ins for the ports the web reads: over lists, and an inbox that writes down."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from bot.errors import BusyError
from bot.incident.events import Event
from bot.incident.facts_action import DecisionMade, ProposalApproved, ProposalDenied
from bot.incident.form import Form
from bot.incident.model import Similar
from bot.incident.reducer import fold
from bot.incident.state import State
from bot.ports import (
    Draft,
    Evidence,
    Filter,
    IncidentRow,
    Outcome,
    ProposalRow,
    Recorded,
    Refusal,
    Reply,
    SessionRow,
    StepUpKey,
)
from tests.fakes import FakeClock


class FakeLog:
    """The `Log` port over lists; appending wakes whoever subscribed."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.streams: dict[str, list[Event]] = {}
        self.written = asyncio.Event()
        self.ended = False
        self.listening = asyncio.Event()
        self.busy = False

    def add(self, *events: Event) -> None:
        for event in events:
            self.streams.setdefault(event.stream, []).append(event)
        self.tick()

    def tick(self) -> None:
        written, self.written = self.written, asyncio.Event()
        written.set()

    async def subscribe(self) -> AsyncIterator[int]:
        while not self.ended:
            written = self.written
            self.listening.set()
            await written.wait()
            if not self.ended:
                yield await self.changed()

    def end(self) -> None:
        self.ended = True
        self.tick()

    async def state(self, stream: str) -> State:
        return fold(await self.load(stream))

    async def afresh(self, stream: str) -> State:
        return await self.state(stream)

    async def load(self, stream: str, after: int = 0, limit: int | None = None) -> list[Event]:
        return [event for event in self.streams.get(stream, []) if event.seq > after][:limit]

    async def record(self, stream: str, build: Callable[[State], Draft | Refusal]) -> Recorded:
        if self.busy:
            raise BusyError("the queue is full")
        events = self.streams.get(stream, [])
        made = build(fold(events))
        start = len(events) + 1
        fresh = tuple(
            Event(stream, start + place, self.clock.now(), made.actor, fact)
            for place, fact in enumerate(made.facts)
        )
        self.add(*fresh)
        return Recorded(fresh, start + len(fresh) - 1, made if isinstance(made, Refusal) else None)

    async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
        return await self.record(stream, lambda _: draft)

    async def open(self, make: Callable[[str], Draft]) -> Recorded:
        name = f"INC-{len(self.streams) + 1}"
        return await self.record(name, lambda _: make(name))

    async def sleep(self, stream: str, expect: int, wake_at: datetime | None) -> bool:
        return True

    async def due(self, now: datetime, limit: int = 500) -> list[str]:
        return []

    async def heads(self, stream: str = "") -> dict[str, tuple[int, str]]:
        return {}

    async def changed(self) -> int:
        return sum(len(events) for events in self.streams.values())


class FakeIncidents:
    """The `Incidents` port, folding every stream each time."""

    def __init__(self, log: FakeLog) -> None:
        self._log = log

    def _states(self) -> list[State]:
        states = [fold(events) for events in self._log.streams.values()]
        return sorted(
            (state for state in states if state.exists),
            key=lambda state: int(state.stream[4:]),
            reverse=True,
        )

    async def page(self, where: Filter) -> list[IncidentRow]:
        rows = [_row(state) for state in self._states()]
        older = int(where.before[4:]) if where.before else 10**9
        return [
            row
            for row in rows
            if where.status in {"", row.status}
            and where.severity in {"", row.severity}
            and where.service in {"", row.service}
            and where.text in row.title
            and int(row.id[4:]) < older
        ][: where.limit]

    async def proposals(self, status: str = "pending", limit: int = 100) -> list[ProposalRow]:
        rows = [row for state in self._states() for row in _proposals(state)]
        rows.sort(key=lambda row: row.created_at)
        return [row for row in rows if status in {"", row.status}][:limit]

    async def decided(self, limit: int = 20) -> list[ProposalRow]:
        rows = [row for row in await self.proposals("", 1000) if row.status != "pending"]
        return rows[::-1][:limit]

    async def find_proposal(self, prefix: str) -> list[ProposalRow]:
        rows = await self.proposals("")
        return [row for row in rows if len(prefix) > 3 and row.id.startswith(prefix.upper())]

    async def similar(
        self, title: str, service: str, exclude: str, limit: int = 3
    ) -> list[Similar]:
        return []

    async def next_id(self) -> str:
        return "INC-99"


def _row(state: State) -> IncidentRow:
    view = state.incident
    assert view.opened_at is not None
    return IncidentRow(
        view.id,
        state.seq,
        view.title,
        view.status,
        view.severity,
        view.service,
        view.opened_at,
        view.resolved_at,
        sum(item.status == "pending" for item in view.proposals.values()),
        len(view.alerts),
    )


def _proposals(state: State) -> list[ProposalRow]:
    return [
        ProposalRow(
            view.proposal.id,
            view.proposal.revision,
            state.stream,
            view.proposal.title,
            view.status,
            view.proposal.risk,
            view.proposal.service,
            view.asked.digest,
            view.at,
            view.proposal.expires_at,
        )
        for view in state.incident.proposals.values()
    ]


class FakeEvidence:
    """The `EvidenceStore` port over a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, Evidence] = {}

    async def put(self, evidence: Evidence) -> str:
        self.kept[evidence.id] = evidence
        return evidence.id

    async def get(self, identifier: str) -> Evidence | None:
        return self.kept.get(identifier)


class FakeSessions:
    """The `Sessions` port over dictionaries."""

    def __init__(self) -> None:
        self.rows: dict[str, SessionRow] = {}
        self.spent: set[str] = set()

    async def open(self, row: SessionRow) -> None:
        self.rows[row.id] = row

    async def get(self, identifier: str) -> SessionRow | None:
        return self.rows.get(identifier)

    async def touch(self, identifier: str, seen_at: datetime) -> None:
        row = self.rows[identifier]
        self.rows[identifier] = SessionRow(row.id, row.person, row.csrf, row.created_at, seen_at)

    async def close(self, identifier: str) -> None:
        self.rows.pop(identifier, None)

    async def close_all(self, person: str) -> int:
        gone = [name for name, row in self.rows.items() if row.person == person]
        for name in gone:
            del self.rows[name]
        return len(gone)

    async def spend(self, token_digest: str, at: datetime) -> bool:
        fresh = token_digest not in self.spent
        self.spent.add(token_digest)
        return fresh


class FakeStepUpKeys:
    """The `StepUpKeys` port over a dictionary."""

    def __init__(self) -> None:
        self.rows: dict[str, StepUpKey] = {}

    async def get(self, person: str) -> StepUpKey | None:
        return self.rows.get(person)

    async def change(self, person: str, make: Callable[[StepUpKey | None], StepUpKey]) -> None:
        self.rows[person] = make(self.rows.get(person))


class FakeInbox:
    """Writes down every reply; decides as told, or as a permissive team would."""

    def __init__(self, log: FakeLog) -> None:
        self._log = log
        self.replies: list[Reply] = []
        self.outcome: Outcome | None = None
        self.form_shown: Form | Outcome | None = None

    async def form(self, reply: Reply) -> Form | Outcome:
        self.replies.append(reply)
        return self.form_shown or Outcome("There is no form.", "refused")

    async def reply(self, reply: Reply) -> Outcome:
        self.replies.append(reply)
        if self.outcome is not None:
            return self.outcome
        if reply.intent != "decide":
            return Outcome(f"Done: {reply.text}", "done", reply.incident)
        rows = await FakeIncidents(self._log).find_proposal(reply.proposal)
        if not rows:
            return Outcome("There is no such proposal.", "unknown")
        row = rows[0]
        await self._log.record(row.incident, lambda _: _decision(reply, row, self._log.clock.now()))
        return Outcome(f"P-{row.id} is decided: {reply.verdict}.", "done", row.incident, row.id)


def _decision(reply: Reply, row: ProposalRow, now: datetime) -> Draft:
    made = DecisionMade(
        proposal=row.id,
        revision=row.revision,
        digest=row.digest,
        person=reply.person,
        actor=reply.actor,
        verdict="approve" if reply.verdict == "approve" else "deny",
        reason=reply.reason,
        rule="rollbacks",
        policy_digest="22" * 32,
        groups_as_of=now,
    )
    if reply.verdict == "deny":
        denied = ProposalDenied(proposal=row.id, digest=row.digest, reason=reply.reason)
        return Draft(reply.actor, (made, denied))
    return Draft(reply.actor, (made, ProposalApproved(proposal=row.id, digest=row.digest)))
