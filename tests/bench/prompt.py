"""P10, P11, P12: what a model is sent over one investigation of four requests, and what that costs.

The tools and the runbook are those that are shipped; the peer's figures are those of HolmesGPT
0.45.0 over four requests with its default tools, measured once and kept here.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import JsonValue

from bot.agent.closed import ClosedWorld
from bot.agent.exchange import Prompt
from bot.agent.prompt import render
from bot.agent.prompt_files import read_prompts
from bot.agent.tokens import safe
from bot.agent.window import Room
from bot.incident.context import Context, Result, ToolOffer
from bot.incident.model import Observation
from bot.store.folder import Folder
from tests.bench.table import Line, ratios
from tests.bot.agent.prompting import fresh
from tests.bot.incident.making import at
from tools.read import READ_TOOLS

RUNBOOKS = Path(__file__).parents[2] / "runbooks"
FIXED_CHARS, FIXED_TOKENS = 10_000, 2400
HOLMES_FIXED_CHARS, HOLMES_FIXED_TOKENS, HOLMES_CHARS = 33_952, 8030, 143_913
RENDERS = 40
STEP_MS = 10.0
"""What one Step of a model may cost of our own, rendering included (P12)."""


@dataclass(frozen=True)
class Look:
    """One read of the investigation: its result, and its body as the evidence keeps it."""

    result: Result
    body: JsonValue


def measure(home: Path, rounds: int, scale: float = 1.0) -> list[Line]:
    """Return the lines; only the time differs between rounds."""
    contexts, looks = investigation()
    sent = [_rendered(one) for one in contexts]
    fixed = sent[-1].system + _json(sent[-1].schema)
    told = fixed + sent[-1].stable.partition("Tools:\n")[2]  # what the tools are for, in words
    sizes = [_chars(one) for one in sent]
    growth = [(sizes[n + 1] - sizes[n]) / len(_json(look.body)) for n, look in enumerate(looks)]
    spent = [_cpu_ms(contexts[-1], max(2, int(RENDERS * scale))) for _ in range(rounds)]
    return [
        Line("P10", "system and schema: tokens, estimated", [safe(fixed)], limit=FIXED_TOKENS),
        Line("P10", "the same by HolmesGPT's, counted",
             ratios([safe(fixed)], [HOLMES_FIXED_TOKENS]), limit=0.30),
        Line("P10", "with what the tools are for: tokens, estimated", [safe(told)]),
        Line("P10", "with what the tools are for: characters", [len(told)], limit=FIXED_CHARS),
        Line("P10", "the same by HolmesGPT's",
             ratios([len(told)], [HOLMES_FIXED_CHARS]), limit=0.30),
        Line("P11", "four requests: characters", [sum(sizes)], limit=50_000),
        Line("P11", "the same by HolmesGPT's", ratios([sum(sizes)], [HOLMES_CHARS]), limit=0.35),
        Line("P11", "growth of a request by the result it adds", [max(growth)], limit=1.0),
        Line("P12", "one schema closed and prompt rendered: CPU", spent, " ms", limit=STEP_MS),
    ]  # fmt: skip


def investigation() -> tuple[list[Context], list[Look]]:
    """Return the contexts of four requests of one run, and the three reads between them."""
    known = Folder(RUNBOOKS).load()
    runbook = next(one for one in known.runbooks if one.name == "error-rate")
    offers = tuple(
        ToolOffer(one.name, one.description, one.args.model_json_schema(), one.kind)
        for _, one in sorted(READ_TOOLS.items())
    )
    begun = replace(fresh(), runbook=runbook, tools=offers)
    looks = [_changes(), _errors(), _probed()]
    results = [one.result for one in looks]
    return [
        replace(begun, results=tuple(results[:n]), at=at(20.0 * n + 2), remaining=10 - n)
        for n in range(len(looks) + 1)
    ], looks


def _changes() -> Look:
    body: JsonValue = [
        {"id": f"c{n}", "source": "github", "service": "checkout", "kind": "deploy",
         "version": f"v{42 - n}", "previous": f"v{41 - n}", "by": "alice",
         "at": f"2026-01-0{5 - n}T02:18:00Z", "title": "Faster totals",
         "link": f"https://git.example/checkout/compare/v{41 - n}...v{42 - n}"}
        for n in range(5)
    ]  # fmt: skip
    facts = [("count", 5, ""), ("latest_version", "v42", ""), ("latest_previous", "v41", ""),
             ("latest_kind", "deploy", ""), ("latest_by", "alice", ""),
             ("latest_age_s", 2520, "s")]  # fmt: skip
    args: dict[str, JsonValue] = {"service": "checkout", "window_s": 86400}
    return _look("changes_recent", args, "5 changes of checkout; v42, 42 min ago", facts, body)


def _errors() -> Look:
    values: list[JsonValue] = [[1767580000 + 60 * n, f"{0.4 + n / 20:.4f}"] for n in range(90)]
    body: JsonValue = {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}
    query = 'sum(rate(http_requests_total{service="checkout",status=~"5.."}[5m]))'
    facts = [("first", 0.4, "%"), ("last", 4.85, "%"), ("min", 0.4, "%"), ("max", 4.85, "%"),
             ("avg", 2.6, "%"), ("points", 90, ""), ("series", 1, ""),
             ("change_ratio", 12.1, "")]  # fmt: skip
    args: dict[str, JsonValue] = {"query": query, "unit": "%", "minutes": 90}
    return _look("prometheus_range", args, "from 0.4 % to 4.85 % in 90 minutes", facts, body)


def _probed() -> Look:
    lines = [f"2026-01-05T03:00:{n:02d}Z ERROR PriceError: total of cart {n} is negative"
             for n in range(24)]  # fmt: skip
    body: JsonValue = {"status": 500, "took_ms": 31, "version": "v42", "lines": [*lines]}
    facts = [("status", 500, ""), ("took_ms", 31, "ms"), ("version", "v42", ""),
             ("healthy", False, "")]  # fmt: skip
    args: dict[str, JsonValue] = {"service": "checkout", "probe": "state"}
    return _look("http_probe", args, "checkout state: HTTP 500 in 31 ms", facts, body)


def _look(
    tool: str,
    args: dict[str, JsonValue],
    summary: str,
    facts: Sequence[tuple[str, JsonValue, str]],
    body: JsonValue,
) -> Look:
    seen = tuple(
        Observation.model_validate({"name": name, "value": value, "unit": unit})
        for name, value, unit in facts
    )
    evidence = f"{sum(tool.encode()):04x}" * 4
    return Look(Result("", tool, args, evidence, summary, seen, at=at(20)), body)


def _rendered(context: Context) -> Prompt:
    style = read_prompts().style("generalist")
    return render(context, style, ClosedWorld(context).schema, Room(200_000, 1.3))


def _chars(prompt: Prompt) -> int:
    return len(prompt.system + prompt.stable + prompt.volatile + _json(prompt.schema))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _cpu_ms(context: Context, times: int) -> float:
    style = read_prompts().style("generalist")
    began = time.process_time()
    for _ in range(times):
        render(context, style, ClosedWorld(context).schema, Room(200_000, 1.3))
    return (time.process_time() - began) / times * 1000
