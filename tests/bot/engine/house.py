"""The loop, the inbox and the real store put together in a temporary folder, by hand."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from bot.app.household import Household
from bot.app.key import Key
from bot.conversation.archive import Archive
from bot.engine.aftercare import Aftercare
from bot.engine.drive import Drive, Hands
from bot.engine.execute import Executor, KillSwitch
from bot.engine.prefetch import Prefetcher
from bot.engine.prepare import Expiry, Preparer
from bot.engine.reads import Reader
from bot.engine.summon import Summoner
from bot.engine.toolbox import OpenAction, Toolbox
from bot.incident.effects import RunLimits
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.grouping import Group
from bot.incident.model import Value
from bot.incident.reducer import State, fold
from bot.incident.views import ProposalView
from bot.intake.asking import Asking
from bot.intake.caring import Caring
from bot.intake.decisions import Decisions
from bot.intake.editing import Editing
from bot.intake.filing import Filing
from bot.intake.house_pen import HousePen
from bot.intake.inbox import Replies
from bot.intake.linking import Links
from bot.intake.person import Persons
from bot.intake.proving import Proving, Warrants
from bot.intake.questioning import Questioning
from bot.intake.reading import Reading
from bot.intake.running import Running
from bot.intake.stepping import Stepping
from bot.intake.totp import Totp
from bot.intake.vault import Vault
from bot.knowledge.planner import RunbookPlanner
from bot.knowledge.roster import Roster
from bot.ports import (
    Delivery,
    Draft,
    EvidenceStore,
    Log,
    Outcome,
    Recorded,
    Refusal,
    Reply,
    Scribe,
    Sealer,
    StepModel,
)
from bot.store.store import Store
from tests.bot.engine.making import Acting, JobArgs, Looking, Shop, Team, action_tool, opened_read
from tests.bot.incident.making import alert
from tests.fakes import FakeClock, open_store

INC = "INC-1"
KEY = Key(b"a key of the tests, 32 bytes long")


@dataclass
class World:
    """What outlives a process: the time, the shop, the team, and the switches."""

    clock: FakeClock = field(default_factory=FakeClock)
    shop: Shop = field(default_factory=Shop)
    team: Team = field(default_factory=Team)
    model: StepModel = field(default_factory=RunbookPlanner)
    scribe: Scribe | None = None
    key: Sealer = KEY
    looking: Looking = field(init=False)
    acting: Acting = field(init=False)
    paused: bool = False
    read_only: bool = False
    max_steps: int = 10
    propose_every_s: float = 0
    action_timeout_s: float = 5.0
    shut: str = ""
    since: dict[str, datetime] = field(default_factory=dict[str, datetime])
    tool_version: str = "1"
    cancellable: bool = False
    idempotent: bool = False
    tool_args: type[Value] = JobArgs
    has_action: bool = True

    def __post_init__(self) -> None:
        self.looking = Looking(self.shop)
        self.acting = Acting(self.shop)

    def limits(self) -> RunLimits:
        return RunLimits(
            debounce_s=0,
            max_steps=self.max_steps,
            close_after_s=60,
            propose_every_s=self.propose_every_s,
            paused=self.paused,
            read_only=self.read_only,
        )

    def closed(self) -> str:
        return "the bot is paused by dana" if self.paused else self.shut


@dataclass
class House:
    """One process over the world; `log` and `evidence` may be wrapped by a test."""

    world: World
    store: Store
    log: Log
    box: Toolbox
    drive: Drive
    replies: Replies
    deliveries: int = 0

    async def events(self, incident: str = INC) -> list[Event]:
        return await self.store.log.load(incident)

    async def types(self, incident: str = INC) -> list[str]:
        return [event.type for event in await self.events(incident)]

    async def bodies(self, *kinds: type[Fact], incident: str = INC) -> list[Fact]:
        return [one.body for one in await self.events(incident) if isinstance(one.body, kinds)]

    async def state(self, incident: str = INC) -> State:
        return fold(await self.events(incident))

    async def view(self, incident: str = INC) -> ProposalView:
        return next(iter((await self.state(incident)).incident.proposals.values()))

    async def alarm(
        self, status: Literal["firing", "resolved"] = "firing", key: str = "g1", **labels: str
    ) -> str:
        """Deliver one alert through the store's own door; return the incident."""
        self.deliveries += 1
        clock = self.world.clock
        name = f"d{self.deliveries}-{status}-{key}-{clock.now():%H%M%S}"
        delivery = Delivery(name, "alertmanager", "default", name, clock.now(), {}, name.encode())
        if status == "firing":
            self.world.since[key] = clock.now()
        one = alert(status, key, **labels).model_copy(update={"starts_at": self.world.since[key]})
        group = Group(key, one.title, "checkout", "critical", (one,))
        return (await self.store.deliveries.accept(delivery, [group])).incidents[0]

    async def say(self, text: str, who: str = "web:dana") -> Outcome:
        channel = who.partition(":")[0]
        return await self.replies.reply(Reply(who, channel, "", "command", text=text))

    async def record(self, *facts: Fact, incident: str = INC) -> None:
        def build(_state: State) -> Draft:
            return Draft("test:hand", facts)

        await self.store.log.record(incident, build)

    async def approve(self, incident: str = INC, who: str = "web:dana") -> Outcome:
        return await self.say(f"approve P-{(await self.view(incident)).proposal.id}", who)

    async def pending(self, incident: str = INC) -> ProposalView:
        """Let an alert come in and the loop run until it asks for a decision."""
        assert await self.alarm(key=f"g-{incident}") == incident
        await self.drive(incident)
        return await self.view(incident)


async def approved(house: House) -> None:
    """Let the loop ask for a decision, and approve."""
    await house.pending()
    assert (await house.approve()).kind == "done"


@asynccontextmanager
async def open_house(
    folder: Path,
    world: World,
    *,
    log: Callable[[Log], Log] | None = None,
    evidence: EvidenceStore | None = None,
) -> AsyncGenerator[House]:
    async with open_store(folder, world.clock) as store:
        port = store.log if log is None else log(store.log)
        yield furnish(world, store, port, evidence)


class Wrapped:
    """A Log that passes everything on; a test overrides one verb of it."""

    def __init__(self, inner: Log) -> None:
        self.inner = inner

    async def state(self, stream: str) -> State:
        return await self.inner.state(stream)

    async def afresh(self, stream: str) -> State:
        return await self.inner.afresh(stream)

    async def load(self, stream: str, after: int = 0, limit: int | None = None) -> list[Event]:
        return await self.inner.load(stream, after, limit)

    async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
        return await self.inner.append(stream, expect, draft)

    async def record(self, stream: str, build: Callable[[State], Draft | Refusal]) -> Recorded:
        return await self.inner.record(stream, build)

    async def sleep(self, stream: str, expect: int, wake_at: datetime | None) -> bool:
        return await self.inner.sleep(stream, expect, wake_at)

    async def due(self, now: datetime, limit: int = 500) -> list[str]:
        return await self.inner.due(now, limit)

    async def heads(self, stream: str = "") -> dict[str, tuple[int, str]]:
        return await self.inner.heads(stream)

    async def changed(self) -> int:
        return await self.inner.changed()

    async def open(self, make: Callable[[str], Draft]) -> Recorded:
        return await self.inner.open(make)


def furnish(
    world: World, store: Store, log: Log | None = None, evidence: EvidenceStore | None = None
) -> House:
    log = log or store.log
    clock, team = world.clock, world.team
    tool = replace(
        action_tool(
            version=world.tool_version,
            timeout_s=world.action_timeout_s,
            cancellable=world.cancellable,
            idempotent=world.idempotent,
        ),
        args=world.tool_args,
    )
    actions = {"job_run": OpenAction(tool, world.acting)} if world.has_action else {}
    reads = {"http_probe": opened_read(world.looking)}
    box = Toolbox(reads, actions, evidence or store.evidence, clock)
    hands = Hands(
        prefetch=Prefetcher(team, store.changes, store.incidents, clock, 86400),
        reader=Reader(log, box.reading, clock),
        prepare=Preparer(box, team, clock, Expiry(), read_only=world.read_only),
        executor=Executor(log, box, team, clock, KillSwitch(world.closed), world.key),
        aftercare=Aftercare(log, box),
        summoner=Summoner(Roster(team), clock),
        box=box,
        model=world.model,
        scribe=world.scribe,
    )
    drive = Drive(log, clock, hands, world.limits, lambda: {"policy": team.policy.digest})
    return House(world, store, log, box, drive, replies(world, store, log))


def schema_of(name: str) -> dict[str, JsonValue] | None:
    return JobArgs.model_json_schema() if name == "job_run" else None


def replies(world: World, store: Store, log: Log | None = None) -> Replies:
    log = log or store.log
    household = Household(log, read_only=False)
    persons = Persons(world.team, lambda: household.house.links, household.refresh)
    pen = HousePen(log, world.team, household.refresh)
    totp = totp_of(world, store, log)
    proving = Proving(totp, lambda: "http://b", lambda: household.house.vouching)
    warrants = Warrants(proving, world.key)
    filing = Filing(Archive(log, "http://b"), lambda: "http://b")
    decisions = Decisions(log, store.incidents, world.team, persons, world.clock, warrants)
    return Replies(
        persons,
        decisions,
        Editing(log, persons, decisions, world.clock, schema_of),
        Asking(log, persons, world.team),
        Questioning(log, persons, world.clock),
        Caring(log, persons, world.team, world.clock, Roster(world.team)),
        Running(log, persons, decisions, world.clock),
        Reading(log, store.incidents, decisions, persons, lambda: "all is well", filing),
        Stepping(persons, totp),
        Links(pen, store.sessions, world.clock, lambda: "http://b"),
    )


def totp_of(world: World, store: Store, log: Log | None = None) -> Totp:
    """Return the real step-up over the store."""
    return Totp(store.step_ups, log or store.log, world.clock, Vault(KEY.vault, world.clock))


def order(types: Iterable[str], *wanted: str) -> bool:
    """True when the first occurrences of `wanted` stand in this order."""
    listed = list(types)
    places = [listed.index(name) for name in wanted]
    return places == sorted(places)
