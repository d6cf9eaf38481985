"""Stand-ins for what the web is handed: ports over lists, and an inbox that writes down."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import SecretStr

from bot.errors import BusyError, NotFoundError
from bot.incident.card import Card, Control, FactLine, Text
from bot.incident.events import Event
from bot.incident.facts_action import DecisionMade, ProposalApproved, ProposalDenied
from bot.incident.model import Person, Policy, Rule, Similar
from bot.incident.reducer import fold
from bot.incident.state import State
from bot.knowledge.catalog import Catalogue
from bot.knowledge.people import OPERATOR, People
from bot.ports import (
    Accepted,
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
)
from bot.settings import Settings
from bot.web.doors import Door, Doors, Standing
from tests.bot.web import stories
from tests.fakes import FakeClock

OPERATOR_TOKEN = "an-operator-token-for-tests"
FIRST_TOKEN = "a-first-run-token"


class FakeLog:
    """The `Log` port over lists; appending wakes whoever subscribed."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.streams: dict[str, list[Event]] = {}
        self.written = asyncio.Event()
        self.ended = False
        self.waits = 0
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
            self.waits += 1
            await written.wait()
            if not self.ended:
                yield await self.changed()

    def end(self) -> None:
        self.ended = True
        self.tick()

    async def load(self, stream: str, after: int = 0) -> list[Event]:
        return [event for event in self.streams.get(stream, []) if event.seq > after]

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

    async def heads(self) -> dict[str, tuple[int, str]]:
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

    async def spend(self, token_digest: str, at: datetime) -> bool:
        fresh = token_digest not in self.spent
        self.spent.add(token_digest)
        return fresh


class FakeInbox:
    """Writes down every reply; decides as told, or as a permissive team would."""

    def __init__(self, log: FakeLog) -> None:
        self._log = log
        self.replies: list[Reply] = []
        self.outcome: Outcome | None = None

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


class FakeLibrary:
    """What a small team wrote down."""

    runbooks = (stories.RUNBOOK,)
    catalogue = Catalogue((stories.CHECKOUT,))
    people = People((Person(name="dana", groups=("sre",)), OPERATOR))
    policy = Policy(
        rules=(Rule(name="rollbacks", action="job_run:rollback", approvers=("group:sre",)),),
        digest="22" * 32,
    )
    digests: Mapping[str, str] = {}
    revision = "5d1c9ab"

    def owner(self, service: str) -> str:
        return "payments" if service == "checkout" else ""


def cards(state: State) -> Sequence[Card]:
    """Cards as trusted code draws them: every parameter, so there is an approve control."""
    view = state.incident
    root = Card(
        key="root", version=state.seq, kind="root", title=view.title, fallback=view.id,
        severity=view.severity, state=view.status, footer=f"{view.id} · correlation 4bf92f3577b3",
    )  # fmt: skip
    return [root, *(_card(view.asked.digest, view.proposal.id) for view in view.proposals.values())]


def _card(digest: str, proposal: str) -> Card:
    line = FactLine(label="Who may approve", text=Text(value="group:sre"))
    control = Control(
        verb="approve", label="Approve", proposal=proposal, revision=1, digest12=digest[:12]
    )
    return Card(
        key=f"proposal:{proposal}", version=1, kind="proposal", title="t", fallback="f",
        severity="critical", state="pending", facts=(line,), controls=(control,),
    )  # fmt: skip


STANDING = Standing(
    "0.1.0",
    "4e1fa2b8c0",
    read_only=False,
    doors=(
        Door("alertmanager", "default", "bearer"),
        Door("generic_json", "lab", "none", insecure=True),
    ),
    channels=("web", "console"),
    policy_digest="22" * 32,
    knowledge_revision="5d1c9ab",
)


@dataclass
class World:
    """Everything a test may look into or change."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(stories.at(130)))
    settings: Settings = field(
        default_factory=lambda: Settings(
            database_url=SecretStr("sqlite://"), body_max_bytes=200_000
        )
    )
    checks: dict[str, tuple[bool, str]] = field(
        default_factory=lambda: {
            "database": (True, "migrated and writable"),
            "queue": (True, "0 of 2000 waiting"),
            "channels": (True, "web, console"),
        }
    )
    standing: Standing = STANDING
    stopping: bool = False
    taken: list[tuple[str, str, Mapping[str, str], bytes]] = field(
        default_factory=list[tuple[str, str, Mapping[str, str], bytes]]
    )
    error: Exception | None = None

    def __post_init__(self) -> None:
        self.log = FakeLog(self.clock)
        self.evidence = FakeEvidence()
        self.sessions = FakeSessions()
        self.inbox = FakeInbox(self.log)
        self.incidents = FakeIncidents(self.log)

    async def hook(
        self, source: str, route: str, headers: Mapping[str, str], body: bytes
    ) -> Accepted:
        if self.error is not None:
            raise self.error
        if source != "alertmanager":
            raise NotFoundError("there is no such door")
        duplicate = any(body == past[3] for past in self.taken)
        self.taken.append((source, route, headers, body))
        return Accepted(("INC-1",), duplicate=duplicate)

    async def change(self, route: str, headers: Mapping[str, str], body: bytes) -> Accepted:
        self.taken.append(("change", route, headers, body))
        return Accepted(())

    async def health(self) -> Mapping[str, tuple[bool, str]]:
        return self.checks

    def doors(self) -> Doors:
        return Doors(
            log=self.log,
            incidents=self.incidents,
            evidence=self.evidence,
            sessions=self.sessions,
            clock=self.clock,
            inbox=self.inbox,
            hook=self.hook,
            change=self.change,
            library=FakeLibrary(),
            cards=cards,
            standing=lambda: self.standing,
            health=self.health,
            subscribe=self.log.subscribe,
            settings=self.settings,
            operator_token=OPERATOR_TOKEN,
            first_run_digest=lambda: hashlib.sha256(FIRST_TOKEN.encode()).hexdigest(),
            stopping=lambda: self.stopping,
            sources=frozenset({"alertmanager", "generic_json"}),
        )

    def tell_stories(self) -> None:
        """Fill the log with incidents that went well, badly, and oddly."""
        for story in (
            stories.hostile(),
            stories.questioned(),
            stories.approved(),
            stories.bad_deploy(),
        ):
            self.log.add(*story)
        body = b'{"status": "success", "data": {"value": 0.142, "worst": "checkout-1"}}'
        self.evidence.kept[stories.EVIDENCE] = Evidence(
            stories.EVIDENCE, hashlib.sha256(body).hexdigest(), "INC-7", "prometheus_query",
            {"query": "sum(rate(http_errors_total[1m]))", "minutes": 5}, stories.at(3),
            "application/json", body,
        )  # fmt: skip
