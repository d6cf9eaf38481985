"""Whether runbooks fit the tools and jobs there are; what a runbook is alone, coherence checks."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from bot.incident.model import ActionTemplate, Diagnose, Predicate, Probe, Runbook
from bot.knowledge import coherence, fills, predicate, schema

ANY_FACT = "*"
"""A tool that declares this fact may answer any."""
JOB_TOOL = "job_run"


@dataclass(frozen=True, slots=True)
class ToolInfo:
    """What is known of a tool without opening it; `facts` are the names its results may carry."""

    kind: Literal["read", "action"]
    args_schema: Mapping[str, JsonValue]
    facts: tuple[str, ...] = (ANY_FACT,)


Tools = Mapping[str, ToolInfo]
Jobs = Sequence[Mapping[str, JsonValue]]


def problems(runbooks: Sequence[Runbook], tools: Tools, jobs: Jobs = ()) -> list[str]:
    """Return every problem as `path: place: what`, in order of runbooks; empty when all fit.

    `jobs` are the entries of `jobs.yaml`; with none at all, the jobs that runbooks name are not
    looked for, since a fresh install has no action.
    """
    found = [
        f"{runbook.path}: {fault}"
        for runbook in runbooks
        for fault in (*coherence.faults(runbook), *_outside(runbook, tools, jobs))
    ]
    twice = [name for name, times in Counter(book.name for book in runbooks).items() if times > 1]
    return found + [f"two runbooks are named {name!r}; rename one" for name in twice]


def _outside(runbook: Runbook, tools: Tools, jobs: Jobs) -> Iterator[str]:
    for step in runbook.diagnose:
        yield from _call(f"diagnose {step.id}", step, tools, "read")
    for where, name in _named_facts(runbook):
        yield from _fact(where, name, runbook, tools)
    used = {outcome.propose for outcome in runbook.outcomes}
    for action in runbook.actions:
        where = f"action {action.id}"
        yield from _call(where, action, tools, "action")
        for probe in (*action.preconditions, *action.verify):
            inside = f"{where}: probe {probe.title!r}"
            yield from _call(inside, probe, tools, "read")
            yield from _probe_facts(inside, probe, tools)
        if action.tool == JOB_TOOL and jobs:
            yield from _job(where, action, jobs)
        if action.id not in used:
            yield f"{where}: no outcome proposes it; remove it, or name it in `propose`"


def _call(
    where: str, call: Diagnose | ActionTemplate | Probe, tools: Tools, kind: str
) -> Iterator[str]:
    tool = tools.get(call.tool)
    if tool is None:
        near = ", ".join(sorted(name for name, info in tools.items() if info.kind == kind))
        yield f"{where}: there is no tool {call.tool!r}; there are {near or 'none'}"
    elif tool.kind != kind:
        yield f"{where}: {call.tool} is a tool of kind {tool.kind}, here stands one of kind {kind}"
    else:
        yield from (f"{where}: {fault}" for fault in schema.misfits(call.args, tool.args_schema))


def _named_facts(runbook: Runbook) -> Iterator[tuple[str, str]]:
    tests = [(f"diagnose {step.id}", step.when) for step in runbook.diagnose if step.when]
    tests += [(f"outcome {outcome.name!r}", outcome.when) for outcome in runbook.outcomes]
    for where, test in tests:
        yield from ((where, name) for name in predicate.names(test))
    values: list[tuple[str, JsonValue]] = []
    values += [(f"diagnose {step.id}", step.args) for step in runbook.diagnose]
    values += [(f"outcome {outcome.name!r}", outcome.conclude) for outcome in runbook.outcomes]
    for action in runbook.actions:
        probes = (*action.preconditions, *action.verify)
        inner: list[JsonValue] = [probe.args for probe in probes]
        inner += [value for probe in probes for value in _values(probe.expect)]
        values.append((f"action {action.id}", [action.args, action.reason, *inner]))
    for where, value in values:
        yield from ((where, name) for name in fills.wanted(value))


def _fact(where: str, name: str, runbook: Runbook, tools: Tools) -> Iterator[str]:
    step_id, fact = coherence.step_of(name)
    step = next((step for step in runbook.diagnose if step.id == step_id), None)
    tool = tools.get(step.tool) if step else None
    if step is not None and tool is not None and not _gives(tool, fact):
        yield f"{where}: {name}: {step.tool} gives {', '.join(tool.facts)}, not {fact}"


def _probe_facts(where: str, probe: Probe, tools: Tools) -> Iterator[str]:
    tool = tools.get(probe.tool)
    for name in predicate.names(probe.expect):
        if tool is not None and not _gives(tool, name):
            yield f"{where}: expect {name}: {probe.tool} gives {', '.join(tool.facts)}"


def _gives(tool: ToolInfo, fact: str) -> bool:
    return ANY_FACT in tool.facts or fact in tool.facts


def _values(test: Predicate) -> Iterator[JsonValue]:
    yield test.value
    for part in (*test.all, *test.any, *((test.not_,) if test.not_ else ())):
        yield from _values(part)


def _job(where: str, action: ActionTemplate, jobs: Jobs) -> Iterator[str]:
    name, params = action.args.get("job"), action.args.get("params", {})
    if isinstance(name, str) and fills.wanted(name):
        yield f"{where}: the job must be written out, not filled in"
        return
    job = next((job for job in jobs if job.get("name") == name), None)
    if job is None:
        yield f"{where}: there is no job {name!r} in jobs.yaml"
        return
    declared = job.get("params")
    properties = declared if isinstance(declared, dict) else {}
    shape: dict[str, JsonValue] = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    yield from (f"{where}: job {name}: {fault}" for fault in schema.misfits(params, shape))
