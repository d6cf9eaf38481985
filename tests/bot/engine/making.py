"""A small world for the loop: a shop that breaks, its tools, a team, and scripted StepModels."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

from bot.engine.toolbox import OpenRead
from bot.errors import ToolError, UnreadableError
from bot.incident.authority import Person, Policy, Rule
from bot.incident.context import Context
from bot.incident.model import (
    ActionTemplate,
    Diagnose,
    Observation,
    Predicate,
    Probe,
    Risk,
    Runbook,
    RunbookOutcome,
    Service,
    Value,
)
from bot.incident.proposal import Undo
from bot.incident.steps import CallTools, Conclude, ProposeAction, Step, ToolCall
from bot.knowledge.catalog import Catalogue
from bot.knowledge.people import People
from bot.knowledge.routes import Routing
from bot.shelf import Action, ActionCall, Needs, Plan, ReadTool, Tool, ToolResult

BAD, GOOD = "v42", "v41"


class ProbeArgs(Value):
    service: str = "checkout"
    probe: str = "state"


class JobArgs(Value):
    job: str
    version: str = GOOD


@asynccontextmanager
async def closed(needs: Needs) -> AsyncGenerator[ReadTool | Action | None]:
    yield None


def read_tool(name: str = "http_probe", timeout_s: float = 5.0) -> Tool:
    says = "looks at the shop"
    return Tool(name, "read", "1", says, ProbeArgs, closed, timeout_s=timeout_s)


def action_tool(
    name: str = "job_run",
    version: str = "1",
    timeout_s: float = 5.0,
    *,
    cancellable: bool = False,
    idempotent: bool = False,
) -> Tool:
    return Tool(
        name=name,
        kind="action",
        version=version,
        description="runs a job",
        args=JobArgs,
        open=closed,
        timeout_s=timeout_s,
        cancellable=cancellable,
        idempotent=idempotent,
    )


@dataclass
class Shop:
    """What the tools look at and change; it notes every call that reaches it."""

    version: str = BAD
    calls: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    looks: int = 0
    worse: bool = False
    tells: bool = True

    @property
    def healthy(self) -> bool:
        return self.version == GOOD and not self.worse


@dataclass
class Looking:
    """A read tool; `fails` are raised first, one a look."""

    shop: Shop
    fails: list[Exception] = field(default_factory=list[Exception])
    extra: tuple[Observation, ...] = ()

    async def run(self, args: ProbeArgs) -> ToolResult:
        self.shop.looks += 1
        if self.fails:
            raise self.fails.pop(0)
        facts = (
            Observation(name="version", value=self.shop.version),
            Observation(name="healthy", value=self.shop.healthy),
            *self.extra,
        )
        body: JsonValue = {"version": self.shop.version, "healthy": self.shop.healthy}
        return ToolResult(f"{self.shop.version}, healthy: {self.shop.healthy}", facts, body)


@dataclass
class Acting:
    """An action on the shop. `during` runs inside the call, before it takes effect."""

    shop: Shop
    during: Callable[[], Awaitable[None]] | None = None
    after: Callable[[], Awaitable[None]] | None = None
    risk: Risk = "medium"
    declaration: str = ""
    undo: bool = True
    previewed: bool = True
    guarded: bool = True
    plans: list[Exception] = field(default_factory=list[Exception])
    reads_back: list[Exception] = field(default_factory=list[Exception])
    answer: ToolResult | None = None
    target: str = "checkout"
    targets: int = 1

    def declared(self, args: JobArgs) -> str:
        if not args.job:
            raise ToolError("no such job")
        return self.declaration

    async def plan(self, args: JobArgs) -> Plan:
        if self.plans:
            raise self.plans.pop(0)
        back = Undo(
            tool="job_run",
            args={"job": args.job, "version": self.shop.version},
            title=f"Back to {self.shop.version}",
        )
        return Plan(
            action=f"job_run:{args.job}",
            title=f"Roll checkout to {args.version}",
            target=self.target,
            environment="demo",
            service="checkout",
            risk=self.risk,
            preview=f"{self.shop.version} -> {args.version}",
            previewed=self.previewed,
            undo=back if self.undo else None,
            preconditions=(version_is(self.shop.version),) if self.guarded else (),
            verify=(is_healthy(),),
            verify_after_s=(60, 300),
            before=self.shop.version,
            targets=self.targets,
        )

    async def run(self, args: JobArgs, call: ActionCall) -> ToolResult:
        self.shop.calls.append((call.key, args.version, call.by))
        if self.during is not None:
            await self.during()
        self.shop.version = args.version
        if self.after is not None:
            await self.after()
        if self.answer is not None:
            return self.answer
        return ToolResult(f"rolled to {args.version}", body={"ok": True}, link="https://jobs/1")

    async def read_back(self, args: JobArgs, key: str) -> ToolResult | None:
        if self.reads_back:
            raise self.reads_back.pop(0)
        if not self.shop.tells:
            return None
        done = any(called == key for called, _, _ in self.shop.calls)
        return ToolResult("it was done" if done else "it was not done", body=done, ok=done)


def version_is(version: str) -> Probe:
    return _probe(f"{version} is live", Predicate(fact="version", value=version))


def is_healthy() -> Probe:
    return _probe("the shop is healthy", Predicate(fact="healthy", value=True))


def _probe(title: str, expect: Predicate) -> Probe:
    return Probe(title=title, tool="http_probe", args={"service": "checkout"}, expect=expect)


RUNBOOK = Runbook(
    name="bad-deploy",
    title="A bad deploy",
    path="bad-deploy.md",
    digest="d" * 64,
    text="# A bad deploy",
    match=('alertname="CheckoutErrorRateHigh"',),
    diagnose=(Diagnose(id="state", tool="http_probe", args={"service": "${service}"}),),
    outcomes=(
        RunbookOutcome(
            name="broken",
            when=Predicate(fact="state.healthy", op="eq", value=False),
            conclude="${state.version} is broken.",
            confidence="high",
            propose="rollback",
        ),
    ),
    actions=(
        ActionTemplate(
            id="rollback",
            tool="job_run",
            args={"job": "rollback", "version": GOOD},
            reason="${state.version} is broken",
        ),
    ),
)
SHOP_SERVICE = Service(name="checkout", owner="sre", tier=1, environment="demo")
DANA = Person(name="dana", groups=("sre",), identities=("web:dana", "chat:U1"), admin=True)
EVE = Person(name="eve", groups=("sre",), identities=("web:eve",))
MALLORY = Person(name="mallory", identities=("web:mallory",))
RULE = Rule(name="rollback", action="job_run:rollback", approvers=("group:sre",))


def policy(*rules: Rule) -> Policy:
    return Policy(rules=rules or (RULE,), digest="1" * 64)


LAX = policy().model_copy(update={"chat_only_high": True})
"""High risk needs no one-time code here."""


@dataclass
class Team:
    """`ports.Library` that tests change in place."""

    runbooks: tuple[Runbook, ...] = (RUNBOOK,)
    catalogue: Catalogue = field(default_factory=lambda: Catalogue((SHOP_SERVICE,)))
    people: People = field(default_factory=lambda: People((DANA, EVE, MALLORY)))
    policy: Policy = field(default_factory=policy)
    digests: Mapping[str, str] = field(default_factory=lambda: {"services.yaml": "2" * 64})
    revision: str = "r1"
    unreadable: str = ""
    routes: Routing = field(default_factory=Routing)
    job_names: tuple[str, ...] = ("rollback",)

    def owner(self, service: str) -> str:
        found = self.catalogue.get(service)
        return found.owner if found else ""

    def on_call(self, service: str, at: datetime, level: int = 1) -> tuple[Person, ...]:
        owner = self.owner(service)
        found = (p for p in self.people.people if owner in {p.name, *p.groups})
        return tuple(found) if level == 1 else ()

    async def afresh(self) -> None:
        if self.unreadable:
            raise UnreadableError(self.unreadable)


@dataclass
class Scripted:
    """A StepModel that says its lines, keeps what it was given, and repeats the last for ever."""

    lines: list[Step | Exception]
    name: str = "planner"
    asked: list[Context] = field(default_factory=list[Context])

    async def next_step(self, context: Context) -> Step:
        self.asked.append(context)
        line = self.lines[min(len(self.asked), len(self.lines)) - 1]
        if isinstance(line, Exception):
            raise line
        return line


def look(*probes: str) -> CallTools:
    calls = tuple(
        ToolCall(tool="http_probe", args={"service": "checkout", "probe": probe}, key=probe)
        for probe in probes or ("state",)
    )
    return CallTools(calls=calls)


def want(version: str = GOOD, job: str = "rollback") -> ProposeAction:
    args: dict[str, JsonValue] = {"job": job, "version": version}
    return ProposeAction(tool="job_run", args=args, reason="broken", template="rollback")


def conclude() -> Conclude:
    return Conclude(summary="That is all.")


def opened_read(tool: ReadTool, timeout_s: float = 5.0) -> OpenRead:
    return OpenRead(read_tool(timeout_s=timeout_s), tool)
