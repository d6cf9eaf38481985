"""The world the machine plays with: a real store and loop, a target that counts, sudden death."""

import shutil
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal, cast

from bot.errors import BusyError, UnreadableError
from bot.incident.authority import Person, Policy, Rule
from bot.incident.effects import RunLimits
from bot.incident.facts_action import ActionProposed, ActionStarted
from bot.incident.facts_run import StepChosen
from bot.incident.reducer import State
from bot.incident.state import ASKED, RENEWAL
from bot.incident.views import ProposalView
from bot.knowledge.people import People
from bot.ports import Draft, Log, Outcome, Recorded, Refusal, Reply
from bot.shelf import Plan, ToolResult
from bot.store.db import open_database
from bot.store.store import Store
from tests.bot.engine.house import INC, House, World, Wrapped, furnish
from tests.bot.engine.making import Acting, JobArgs, Looking, ProbeArgs, Shop, Team, want
from tests.story.trust.oracle import JOBS, PROBED_S, Call, Edit, Known, Truth

MEMBERS: tuple[str, ...] = ("dana", "eve", "bob")
TEAM = {
    "dana": Person(name="dana", groups=("sre",), identities=("web:dana", "slack:T1/U1")),
    "eve": Person(name="eve", groups=("sre",), identities=("web:eve", "slack:T1/U2")),
    "bob": Person(name="bob", groups=("sre",), identities=("web:bob",)),
    "mallory": Person(name="mallory", identities=("web:mallory",)),
}
ACTORS = ("web:dana", "slack:T1/U1", "web:eve", "slack:T1/U2", "web:bob")
PERSON_OF = {actor: person.name for person in TEAM.values() for actor in person.identities}
RULES = tuple(
    Rule(
        name=name,
        action=f"job_run:{name}",
        approvers=("group:sre",),
        min_approvals=1 if job.risk == "high" else job.quorum,
    )
    for name, job in JOBS.items()
)
"""High needs two persons whatever the rule says (E-22)."""
Interrupt = Literal[
    "crash before", "crash after", "pause", "resolve", "remove", "redeclare", "wait"
]


class Killed(BaseException):
    """The process is gone; nothing in the bot may catch it."""


@dataclass
class Interruption:
    """What happens at the `at`-th write of a drive, counted from 1."""

    what: Interrupt
    at: int


class Patient(World):
    """A world whose incident is never closed, so that it can fire again."""

    def limits(self) -> RunLimits:
        return replace(super().limits(), close_after_s=1e7)


class Target(Acting):
    """The action of the tests, whose risk is that of its job."""

    async def plan(self, args: JobArgs) -> Plan:
        return replace(await super().plan(args), risk=JOBS[args.job].risk)


@dataclass
class Eyes(Looking):
    """The read tool of the tests, that notes when it saw what."""

    now: Callable[[], datetime] = datetime.now
    seen: list[tuple[datetime, str]] = field(default_factory=list[tuple[datetime, str]])

    async def run(self, args: ProbeArgs) -> ToolResult:
        self.seen.append((self.now(), self.shop.version))
        return await super().run(args)


class Watched(Wrapped):
    """The log, with everything the scene wants to know or do at a write."""

    def __init__(self, inner: Log, scene: "Scene") -> None:
        super().__init__(inner)
        self._scene = scene

    async def append(self, stream: str, expect: int, draft: Draft) -> Recorded:
        await self._scene.before(draft)
        return await self._scene.after(await self.inner.append(stream, expect, draft))

    async def record(self, stream: str, build: Callable[[State], Draft | Refusal]) -> Recorded:
        await self._scene.before(None)
        return await self._scene.after(await self.inner.record(stream, build))


class Scene:
    """One incident over one database, and the processes that come and go over it."""

    def __init__(self) -> None:
        self.folder = Path(mkdtemp(prefix="trust"))
        shutil.copy(empty_database(), self.folder / "bot.db")
        self.world = Patient(team=Team(people=People(tuple(TEAM.values())), policy=_policy()))
        shop = self.world.shop
        vars(self.world)["chat_only_high"] = True  # where a step-up is asked for, chat is accepted
        self.eyes = Eyes(shop, now=self.world.clock.now)
        self.target = Target(shop, during=self._called, after=self._done)
        self.world.looking, self.world.acting = self.eyes, self.target
        self.known = Known()
        self.allowed = set(MEMBERS)
        self.interruption: Interruption | None = None
        self.dies: Literal["", "in the call", "after the call"] = ""
        self.writes = 0
        self.deaths = 0
        self._asked = 0
        self._stack = AsyncExitStack()

    @property
    def shop(self) -> Shop:
        """The target."""
        return self.world.shop

    async def begin(self) -> None:
        """Start a process; what an earlier one held in memory is gone."""
        await self._stack.aclose()
        self._stack = AsyncExitStack()
        url = f"sqlite:///{self.folder}/bot.db"
        store = await self._stack.enter_async_context(Store.open(url, self.world.clock))
        self.house: House = furnish(self.world, store, Watched(store.log, self))

    async def end(self) -> None:
        """Stop, and leave nothing behind."""
        await self._stack.aclose()
        shutil.rmtree(self.folder)

    async def drive(self, interruption: Interruption | None = None) -> None:
        """Let the loop run until it waits; when it dies on the way, start another process."""
        self.interruption, self.writes = interruption, 0
        await self.alive(self.house.drive(INC))
        self.interruption, self.dies = None, ""

    async def alive(self, work: Awaitable[object]) -> None:
        """Await the work of a process that may die over it."""
        try:
            await work
        except (BusyError, UnreadableError):
            return  # paused in the middle: the alarm that is set tries again
        except BaseException as error:
            if not _is_killed(error):
                raise
            self.deaths += 1
            self.interruption, self.dies = None, ""
            await self.begin()

    async def views(self, status: str = "") -> list[ProposalView]:
        """Return the proposals in a status, all when empty, oldest first."""
        views = (await self.house.state()).incident.proposals.values()
        return [view for view in views if status in {"", view.status}]

    async def propose(self, job: str, version: str, by: str) -> None:
        """Put a step into the log as a human or the bot would have it chosen."""
        self._asked += 1
        step = want(version, job)
        chosen = StepChosen(effect_id=f"{ASKED}{self._asked}", step=step, by=by or RENEWAL)
        await self.house.record(chosen)

    async def click(self, view: ProposalView, actor: str, verdict: str, **forged: object) -> Reply:
        """Return what a button of this card sends; `forged` replaces parts of it."""
        reply = Reply(
            actor, actor.partition(":")[0], "", "decide",
            payload_digest="f" * 64,
            proposal=view.proposal.id,
            revision=view.proposal.revision,
            digest12=view.asked.digest[:12],
            verdict=verdict,
            reason="not during the sale" if verdict == "deny" else "",
        )  # fmt: skip
        return replace(reply, **forged)

    async def edit(self, view: ProposalView, actor: str, version: str) -> Outcome:
        """Send other arguments for a proposal (E-09)."""
        proposal = view.proposal
        args = {**proposal.args, "version": version}
        outcome = await self.house.replies.reply(
            Reply(
                actor, actor.partition(":")[0], "", "edit",
                payload_digest="e" * 64, proposal=proposal.id, revision=proposal.revision,
                digest12=view.asked.digest[:12], args=args,
            )
        )  # fmt: skip
        if outcome.kind == "done":
            person = PERSON_OF[actor]
            self.known.edits.append(Edit(proposal.id, proposal.revision, person, args))
        return outcome

    def set_members(self, allowed: set[str]) -> None:
        """Write people.yaml anew: who is not allowed is not in it, or in no group."""
        self.allowed = allowed
        people = [
            one if one.name in allowed or one.name not in MEMBERS else one.model_copy(
                update={"groups": ()}
            )
            for one in TEAM.values()
            if one.name != "bob" or one.name in allowed
        ]  # fmt: skip
        self.world.team.people = People(tuple(people))

    def truth(self) -> Truth:
        """Return how the world really is now."""
        world = self.world
        return Truth(
            world.clock.now(),
            frozenset(self.allowed),
            world.paused,
            not world.team.unreadable,
            self.target.declaration,
            world.shop.version,
        )

    async def before(self, draft: Draft | None) -> None:
        """Be told that a write begins."""
        for fact in draft.facts if draft is not None else ():
            if isinstance(fact, ActionProposed):
                self.known.proposed[fact.digest] = self.truth()
            if isinstance(fact, ActionStarted):
                self.known.granted[fact.attempt] = self.truth()
        self.writes += 1
        if self._strikes("crash before"):
            raise Killed

    async def after(self, made: Recorded) -> Recorded:
        """Be told that a write is committed."""
        if self._strikes("crash after"):
            raise Killed
        if self._strikes("pause"):
            self.world.paused = True
        if self._strikes("remove"):
            self.set_members(self.allowed - {min(self.allowed, default="")})
        if self._strikes("wait"):
            self.world.clock.advance(PROBED_S + 10)
        if self._strikes("redeclare"):
            self.redeclare()
        if self._strikes("resolve"):
            self.interruption = None
            await self.house.alarm("resolved")
        return made

    def redeclare(self) -> None:
        """Change the job, so that what was approved is not what would run."""
        self.target.declaration = f"{len(self.target.declaration) + 1:0>8}"

    def _strikes(self, what: Interrupt) -> bool:
        now = self.interruption
        return now is not None and (now.what, now.at) == (what, self.writes)

    async def _called(self) -> None:
        key, version, _ = self.shop.calls[-1]
        events = await self.house.store.log.load(INC)
        started = [e for e in events if isinstance(e.body, ActionStarted) and e.body.attempt == key]
        truth, looked = self.truth(), tuple(self.eyes.seen)
        self.known.calls.append(Call(key, version, truth, len(started), looked))
        if self.dies == "in the call":
            raise Killed

    async def _done(self) -> None:
        if self.dies == "after the call":
            raise Killed


def _policy() -> Policy:
    return Policy(rules=RULES, digest="1" * 64)


def _is_killed(error: BaseException) -> bool:
    if not isinstance(error, BaseExceptionGroup):
        return isinstance(error, Killed)
    group = cast("BaseExceptionGroup[BaseException]", error)
    return all(_is_killed(one) for one in group.exceptions)


@cache
def empty_database() -> Path:
    """Return a file with this version's schema and nothing in it; copying it is quicker."""
    path = Path(mkdtemp(prefix="trust")) / "empty.db"
    open_database(f"sqlite:///{path}").close()
    return path
