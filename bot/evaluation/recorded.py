"""The toolbox of a scenario: shipped tools by their declarations, recorded answers behind them."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from pydantic import JsonValue, create_model

from bot.app.bot import Bot
from bot.app.toolset import ACTIONS, READ_TOOLS, install_of, scoped
from bot.engine.toolbox import OpenAction, OpenRead, Toolbox
from bot.errors import RemoteError, ToolError
from bot.evaluation.scenario import ActionGiven, Measured, RecordedResult, Scenario
from bot.incident.model import Observation, Value
from bot.incident.proposal import Undo
from bot.shelf import Action, ActionCall, Needs, Plan, ReadTool, Tool, ToolResult

LIVE = frozenset({"changes_recent"})
"""Tools that ask nobody but the bot itself: they look for real, unless something is recorded."""


@dataclass(slots=True)
class Script:
    """What all stand-ins of one scenario share: what was asked, and what came of it."""

    scenario: Scenario
    reads: int = 0
    acted: list[str] = field(default_factory=list[str])
    missed: list[str] = field(default_factory=list[str])
    given: Counter[int] = field(default_factory=Counter[int])
    on_read: Callable[[int], Awaitable[None]] | None = None

    def answer(self, tool: str, args: Mapping[str, JsonValue]) -> RecordedResult | None:
        """Return what was recorded for this call, and count it as given; None when nothing was."""
        for place, one in enumerate(self.scenario.results):
            spent = one.times and self.given[place] >= one.times
            late = one.after_action and not self.acted
            if one.tool == tool and not spent and not late and fits(one.args, args):
                self.given[place] += 1
                return one
        return None


@dataclass(frozen=True, slots=True)
class Replayed:
    """A read tool that answers what was recorded, or that nothing was."""

    name: str
    script: Script
    live: ReadTool | None = None

    async def run(self, args: Value) -> ToolResult:
        """Answer.

        Raises:
            ToolError: Nothing was recorded for this call, or an error was.
        """
        script, said = self.script, cast("dict[str, JsonValue]", args.model_dump(mode="json"))
        script.reads += 1
        if script.on_read is not None:
            await script.on_read(script.reads)
        found = script.answer(self.name, said)
        if found is None and self.live is not None:
            return await self.live.run(args)
        if found is None:
            script.missed.append(f"{self.name} {said}")
            raise ToolError(f"{self.name}: not recorded: nothing answers this call here")
        if found.error and found.retryable:
            raise RemoteError(self.name, found.error, 503)
        if found.error:
            raise ToolError(f"{self.name}: {found.error}")
        body = found.body if found.body is not None else _told(found)
        return ToolResult(found.summary, tuple(_facts(found)), {"asked": said, "answer": body})


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """An action that is previewed, and only remembered when it is run."""

    name: str
    script: Script
    environment_of: Callable[[str], str]

    def declared(self, args: Value) -> str:
        """Return nothing: no file defines it."""
        _ = args
        return ""

    async def plan(self, args: Value) -> Plan:
        """Say what it would do, as the scenario has it, or as its arguments read."""
        said = cast("dict[str, JsonValue]", args.model_dump(mode="json"))
        given = next((one for one in self.script.scenario.actions if one.tool == self.name), None)
        given = given or ActionGiven(tool=self.name)
        job = said.get("job")
        name = f"{self.name}:{job}" if isinstance(job, str) else self.name
        service = given.service or _service(said)
        words = ", ".join(f"{key} {value}" for key, value in _flat(said))
        return Plan(
            action=name,
            title=given.title or f"{name} ({words})",
            target=service,
            environment=given.environment or self.environment_of(service),
            service=service,
            risk=given.risk,
            preview=given.preview or f"would run {name} with {words}",
            previewed=True,
            undo=Undo(tool=self.name, args=said, title=f"Take {name} back"),
        )

    async def run(self, args: Value, call: ActionCall) -> ToolResult:
        """Remember that it was run."""
        _ = args, call
        self.script.acted.append(self.name)
        given = next((one for one in self.script.scenario.actions if one.tool == self.name), None)
        if given is not None and given.fails:
            return ToolResult(given.fails, body={"ok": False}, ok=False)
        return ToolResult(f"{self.name} was rehearsed", body={"ok": True})

    async def read_back(self, args: Value, key: str) -> ToolResult | None:
        """Tell nothing: a rehearsal is never interrupted."""
        _ = args, key
        return None


async def toolbox_of(stack: AsyncExitStack, bot: Bot, script: Script) -> Toolbox:
    """Return every shipped tool and the scenario's own, as they were recorded."""
    reads: dict[str, OpenRead] = {}
    for tool in READ_TOOLS.values():
        live = None
        if tool.name in LIVE:
            opened = await stack.enter_async_context(tool.open(scoped(bot.given, tool)))
            live = cast("ReadTool | None", opened)
        reads[tool.name] = OpenRead(tool, Replayed(tool.name, script, live))
    for given in script.scenario.tools:
        results = [one for one in script.scenario.results if one.tool == given.name]
        tool = _own_tool(given.name, given.description, results)
        reads[tool.name] = OpenRead(tool, Replayed(tool.name, script))

    def environment_of(service: str) -> str:
        found = bot.library.catalogue.get(service)
        return found.environment if found is not None else ""

    actions = {
        tool.name: OpenAction(tool, cast("Action", Rehearsed(tool.name, script, environment_of)))
        for tool in ACTIONS.values()
    }
    install = install_of(bot.given, bot.library)
    return Toolbox(reads, actions, bot.store.evidence, bot.world.clock, install)


def fits(wanted: Mapping[str, JsonValue], said: Mapping[str, JsonValue]) -> bool:
    """Tell whether a call has these arguments; others do not matter."""
    return all(_fits(value, said.get(name)) for name, value in wanted.items())


def _fits(wanted: JsonValue, said: JsonValue) -> bool:
    if isinstance(wanted, dict) and set(wanted) == {"contains"}:
        words = wanted["contains"]
        listed = words if isinstance(words, list) else [words]
        return all(str(word) in str(said) for word in listed)
    if isinstance(wanted, dict) and isinstance(said, dict):
        return fits(wanted, said)
    return wanted == said


def _facts(found: RecordedResult) -> Iterator[Observation]:
    for name, value in found.facts.items():
        if isinstance(value, Measured):
            yield Observation(name=name, value=value.value, unit=value.unit)
        else:
            yield Observation(name=name, value=value)


def _told(found: RecordedResult) -> JsonValue:
    return {
        "summary": found.summary,
        "facts": {one.name: one.value for one in _facts(found)},
    }


def _service(args: Mapping[str, JsonValue]) -> str:
    """Return the service that the arguments name, in one of the places where they do."""
    params = args.get("params")
    for place in (args, params):
        if isinstance(place, dict) and isinstance(place.get("service"), str):
            return str(place["service"])
    return ""


def _flat(args: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    for name, value in args.items():
        if isinstance(value, dict):
            yield from _flat(value)
        else:
            yield name, str(value)


def _own_tool(name: str, description: str, results: Sequence[RecordedResult]) -> Tool:
    """Declare a tool whose arguments are closed over what was recorded of it."""
    names = dict.fromkeys(arg for one in results for arg in one.args)
    fields: dict[str, Any] = {}
    for arg in names:
        values = [one.args[arg] for one in results if arg in one.args]
        texts = tuple(dict.fromkeys(value for value in values if isinstance(value, str)))
        kind: Any = Literal[texts] if len(texts) == len({str(v) for v in values}) else JsonValue
        fields[arg] = (kind, ...) if len(values) == len(results) else (kind | None, None)
    args = create_model(f"{name}_args", __base__=Value, **fields)
    return Tool(name, "read", "1", description or name, args, open=_nothing)


def _nothing(_needs: Needs) -> nullcontext[None]:
    return nullcontext()
