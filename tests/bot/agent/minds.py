"""Stand-ins around a mind: a model that says its lines, a mind that does, a book in memory."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import JsonValue

from bot.agent.exchange import ModelError, ModelReply, Prompt
from bot.agent.llm_settings import LlmSettings
from bot.errors import BusyError
from bot.incident.context import Context, Result
from bot.incident.facts_run import FallbackKind, Usage
from bot.incident.model import Observation
from bot.incident.steps import Step
from bot.ports import Choice, ModelCall, Objection, Spending
from tests.bot.engine.making import RUNBOOK, SHOP_SERVICE

MODEL = "test:model"
Line = Step | str | Exception | Callable[[], object]


def settings(**changed: object) -> LlmSettings:
    return LlmSettings.model_validate({"model": MODEL, **changed})


def nothing_against(_step: Step) -> str:
    return ""


def result(evidence: str = "e1", **changed: object) -> Result:
    facts = (Observation(name="version", value="v42"), Observation(name="healthy", value=False))
    seen = Result("state", "http_probe", {}, evidence, "v42, healthy: False", facts)
    return replace(seen, **changed)


def context(*results: Result, **changed: object) -> Context:
    made = Context(
        incident="INC-1",
        title="CheckoutErrorRateHigh",
        severity="critical",
        alerts=(),
        service=SHOP_SERVICE,
        runbook=RUNBOOK,
        results=results,
        proposed=(),
        answers=(),
        messages=(),
        inventory={"services": ("checkout",)},
        extra={},
        effect_id="r1s1",
    )
    return replace(made, **changed)


@dataclass
class Steady:
    """A monotonic clock that stands still until it is told."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Windows:
    """Time limits that end at the first wait when `late`, else at `end`; it keeps what was set."""

    late: bool = False
    asked: list[float] = field(default_factory=list[float])
    newest: asyncio.Timeout | None = None

    def __call__(self, seconds: float) -> asyncio.Timeout:
        self.asked.append(seconds)
        self.newest = asyncio.timeout(0 if self.late else None)
        return self.newest

    def end(self) -> None:
        assert self.newest is not None
        self.newest.reschedule(0)


@dataclass
class FakeMind:
    """A Mind that says its lines and repeats the last; None: it never answers."""

    lines: Sequence[Step | Exception | None]
    name: str = MODEL
    asked: list[Context] = field(default_factory=list[Context])
    cancelled: int = 0
    waits: asyncio.Event = field(default_factory=asyncio.Event)

    async def next_step(self, context: Context) -> Step:
        return (await self.choose(context, nothing_against)).step

    async def choose(self, context: Context, refusal: Objection) -> Choice:
        self.asked.append(context)
        line = self.lines[min(len(self.asked), len(self.lines)) - 1]
        if line is None:
            self.waits.set()
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        if isinstance(line, Exception):
            raise line
        assert line is not None
        return Choice(line, self.name)


@dataclass
class Speaker:
    """A LanguageModel that says its lines and repeats the last; it keeps what it was sent.

    A line is a reply's text, a JSON value of one, a function that makes one of the prompt, an
    error, or None: it never answers.
    """

    lines: Sequence[object]
    name: str = MODEL
    window: int | None = 100_000
    usage: Usage = field(
        default_factory=lambda: Usage(
            input_tokens=1000, output_tokens=50, micro_usd=300, requests=1
        )
    )
    prompts: list[Prompt] = field(default_factory=list[Prompt])
    notes: list[str] = field(default_factory=list[str])
    deadlines: list[float] = field(default_factory=list[float])
    during: Callable[[], object] = lambda: None
    by: str = ""

    async def ask(self, prompt: Prompt, note: str, deadline_s: float) -> ModelReply:
        self.prompts.append(prompt)
        self.notes.append(note)
        self.deadlines.append(deadline_s)
        self.during()
        line = self.lines[min(len(self.prompts), len(self.lines)) - 1]
        if line is None:
            await asyncio.get_running_loop().create_future()
        if isinstance(line, Exception):
            raise line
        line = line(prompt) if callable(line) else line
        text = line if isinstance(line, str) else json.dumps(line)
        sent: JsonValue = {"request": {"note": note, "volatile": prompt.volatile}, "reply": text}
        return ModelReply(text, self.usage, sent, self.by)


@dataclass
class Book:
    """The `ModelCalls` port in memory; `away` makes it unreachable."""

    rows: dict[str, ModelCall] = field(default_factory=dict[str, ModelCall])
    known: list[float] = field(default_factory=list[float])
    away: bool = False

    async def add(self, call: ModelCall) -> None:
        self._check()
        self.rows[call.id] = call

    async def spent(self, since: datetime, incident: str = "") -> Spending:
        self._check()
        rows = [one for one in self.rows.values() if one.at >= since]
        rows = [one for one in rows if not incident or one.incident == incident]
        return Spending(
            calls=len(rows),
            input_tokens=sum(one.input_tokens for one in rows),
            output_tokens=sum(one.output_tokens for one in rows),
            micro_usd=sum(one.micro_usd or 0 for one in rows),
            unpriced=sum(one.micro_usd is None and one.outcome != "slow" for one in rows),
        )

    async def ratios(self, model: str, limit: int = 50) -> Sequence[float]:
        self._check()
        return self.known[:limit]

    @property
    def outcomes(self) -> list[str]:
        return [one.outcome for one in self.rows.values()]

    def _check(self) -> None:
        if self.away:
            raise BusyError("the database is away")


def failing(
    kind: FallbackKind, *, retry_after_s: float | None = None, too_long: bool = False
) -> ModelError:
    return ModelError(f"it is {kind}", kind, retry_after_s=retry_after_s, too_long=too_long)
