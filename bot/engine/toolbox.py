"""The tools that are open in this process: offers them, looks with reads, hands out actions."""

import asyncio
import hashlib
import json
import logging
import traceback
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from bot import telemetry
from bot.engine.menu import Install, Menu, check_allowed, parse_args
from bot.engine.slices import EVIDENCE_READ, EvidenceRead, read_slice
from bot.errors import InputError, RemoteError, ToolError
from bot.incident.model import CompactError, Observation, Value
from bot.incident.storable import encodable, storable
from bot.knowledge.gist import gist
from bot.knowledge.redact import Redactor
from bot.ports import Choice, Clock, Evidence, EvidenceStore
from bot.shelf import Action, ReadTool, Tool, ToolResult

log = logging.getLogger(__name__)
EVIDENCE_BYTES = 256 * 1024
EXCHANGE = "model"
"""The `tool` of evidence that holds what a model was sent and answered; no finding may cite it."""
SUMMARY_CHARS = 400


@dataclass(frozen=True, slots=True)
class Looked:
    """What one read brought: the evidence's id, one line, and typed facts."""

    evidence: str
    summary: str
    facts: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class OpenRead:
    """A read tool with its declaration."""

    tool: Tool
    opened: ReadTool


@dataclass(frozen=True, slots=True)
class OpenAction:
    """An action with its declaration."""

    tool: Tool
    opened: Action


class ReadBox:
    """All that the agent's side holds: read tools, and the menu; no action is in it (E-08, F-01).

    Attributes:
        digest: Hex SHA-256 over the names, versions and schemas of what is open.
        menu: What a StepModel may name.
    """

    def __init__(
        self, reads: Mapping[str, OpenRead], menu: Menu, evidence: EvidenceStore, clock: Clock
    ) -> None:
        self._reads = dict(reads)
        self._evidence = evidence
        self._clock = clock
        self.menu = menu
        self.digest = menu.digest

    async def look(
        self,
        name: str,
        args: Mapping[str, JsonValue],
        incident: str,
        seen: Collection[str] = (),
    ) -> Looked:
        """Run a read tool and keep its result as evidence.

        `seen` are the evidence ids of this incident: all that `evidence_read` may read.

        Raises:
            ToolError: Unknown tool, or one that the operator does not allow, arguments it refuses,
                a time-out, or its own failure.
        """
        found = self._reads.get(name)
        tool = EVIDENCE_READ if name == EVIDENCE_READ.name else found.tool if found else None
        if tool is None:
            raise ToolError(f"the tool {name} is not configured here; see triagebot check")
        check_allowed(self.menu.allow, tool, args)
        parsed = parse_args(tool, args)
        try:
            async with asyncio.timeout(tool.timeout_s):
                if isinstance(parsed, EvidenceRead):
                    result = await read_slice(self._evidence, parsed, seen)
                else:
                    result = await cast("OpenRead", found).opened.run(parsed)
        except TimeoutError:
            telemetry.tool_calls.labels(name, "timeout").inc()
            raise RemoteError(name, f"no answer within {tool.timeout_s:g} s") from None
        except ToolError:
            telemetry.tool_calls.labels(name, "error").inc()
            raise
        telemetry.tool_calls.labels(name, "ok").inc()
        return await self.keep(name, args, result, incident)

    async def keep(
        self, name: str, args: Mapping[str, JsonValue], result: ToolResult, incident: str
    ) -> Looked:
        """Redact a result, store it as evidence, and return what the thread keeps of it."""
        redactor = Redactor()
        body = redactor.value(storable(result.body))
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        if len(raw) > EVIDENCE_BYTES:
            raw = json.dumps(
                {
                    "cut_at_bytes": EVIDENCE_BYTES,
                    "text": raw[: EVIDENCE_BYTES // 2].decode(errors="ignore"),
                },
                ensure_ascii=False,
            ).encode()
        facts = tuple(_kept(item, redactor) for item in result.facts)
        summary = redactor.text(encodable(result.summary))[:SUMMARY_CHARS]
        for kind, count in redactor.counts.items():
            telemetry.redactions.labels(kind).inc(count)
        digest = hashlib.sha256(raw).hexdigest()
        evidence = Evidence(
            id=digest[:16],
            digest=digest,
            incident=incident,
            tool=name,
            args=cast("Mapping[str, JsonValue]", redactor.value(dict(args))),
            at=self._clock.now(),
            media_type="application/json",
            body=raw,
        )
        return Looked(await self._evidence.put(evidence), summary, facts)

    async def keep_exchange(self, incident: str, effect_id: str, choice: Choice) -> str:
        """Store what a model was sent and answered; return its evidence id, "" when nothing was."""
        if not choice.exchange:
            return ""
        return await self.keep_words(incident, effect_id, choice.by, choice.exchange)

    async def keep_words(self, incident: str, effect_id: str, model: str, raw: bytes) -> str:
        """Store one exchange with a model, as JSON; return its evidence id."""
        digest = hashlib.sha256(raw).hexdigest()
        evidence = Evidence(
            id=digest[:16],
            digest=digest,
            incident=incident,
            tool=EXCHANGE,
            args={"effect_id": effect_id, "model": model},
            at=self._clock.now(),
            media_type="application/json",
            body=raw,
        )
        return await self._evidence.put(evidence)


class Toolbox(ReadBox):
    """The read tools, and the actions that only the executor's side may reach (E-08).

    Attributes:
        reading: The same without the actions, for the agent's side.
    """

    def __init__(
        self,
        reads: Mapping[str, OpenRead],
        actions: Mapping[str, OpenAction],
        evidence: EvidenceStore,
        clock: Clock,
        install: Install | None = None,
    ) -> None:
        opened = [item.tool for item in (*reads.values(), *actions.values())]
        menu = Menu([*opened, EVIDENCE_READ], install)
        super().__init__(reads, menu, evidence, clock)
        self._actions = dict(actions)
        self.reading = ReadBox(reads, menu, evidence, clock)

    def action(self, name: str) -> OpenAction | None:
        """Return an open action, or None when it is not configured here."""
        return self._actions.get(name)


def version_of(found: OpenAction, args: Value) -> str:
    """Return what a proposal is bound to besides its arguments: `1`, or `1+` and a declaration.

    Raises:
        ToolError: What these arguments name is not declared (any more).
    """
    declared = found.opened.declared(args)
    return f"{found.tool.version}+{declared}" if declared else found.tool.version


def compact(name: str, error: Exception) -> CompactError:
    """Return an error as the thread keeps it: one line, at most 400 characters, redacted.

    What nobody foresaw says where it broke, and its root cause.
    """
    said = encodable(str(error)) or type(error).__name__
    if not isinstance(error, ToolError | InputError):
        trace = traceback.TracebackException.from_exception(error, lookup_lines=False)
        said = encodable("".join(trace.format()))
    retryable = isinstance(error, ToolError) and error.retryable
    return CompactError(system=name, message=gist(said), retryable=retryable)


def _kept(seen: Observation, redactor: Redactor) -> Observation:
    """Return a fact without secrets; its name may be what says that its value is one."""
    name, value = encodable(seen.name), storable(seen.value)
    if isinstance(value, str):
        named = cast("Mapping[str, JsonValue]", redactor.value({name: value}))
        name, value = next(iter(named.items()))
    return seen.model_copy(update={"name": name, "value": value})
