"""Which calls of a CallTools may start now, and which code answers without a call. Pure.

A call that was answered in this run is not made again. A tool that failed three times in a row
rests: a human is asked, and it is not called in this run until they say so. One call counts once,
however often it is tried again within itself, and what is in flight counts as if it had failed.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from pydantic import JsonValue

from bot.incident.context import Result
from bot.incident.effects import RunLimits
from bot.incident.fact import Fact
from bot.incident.facts_alerts import QuestionAsked
from bot.incident.facts_run import ToolFailed, ToolReturned
from bot.incident.model import CompactError
from bot.incident.state import Pending, State
from bot.incident.steps import CallTools, ToolCall

REST_AFTER = 3
"""So many failures of one tool in a row, and it rests."""
AGAIN = "try again"
WITHOUT = "go on without it"
REST = "rest-"
"""How the ids of such questions begin; the tool and a number follow."""
REST_MOST_S = 900.0
"""No such question stays open longer: a run is over long before."""
REASON_CHARS = 120


def resting_tools(state: State) -> frozenset[str]:
    """Return the tools that this run must not call, because they failed too often in a row."""
    return frozenset(
        tool for tool, reasons in state.run.failed.items() if len(reasons) >= REST_AFTER
    )


def rest_tool(question: str) -> str:
    """Return the tool that a question of this id is about; empty when it is another question."""
    return question.removeprefix(REST).rpartition("-")[0] if question.startswith(REST) else ""


def rest_question(state: State, now: datetime, limits: RunLimits) -> tuple[Fact, ...]:
    """Return the question about the first tool that rests and that nobody was asked about."""
    questions = state.incident.questions
    for tool in sorted(resting_tools(state) - state.run.rested):
        earlier = [view for name, view in questions.items() if rest_tool(name) == tool]
        if any(view.status == "open" for view in earlier):
            continue
        reasons = [_short(one) for one in state.run.failed[tool][-REST_AFTER:]]
        said = "; ".join(f"“{one}”" for one in dict.fromkeys(reasons))
        asked = QuestionAsked(
            id=f"{REST}{tool}-{len(earlier) + 1}",
            question=f"{tool} failed {REST_AFTER} times in a row: {said}. Shall I try it again?",
            kind="choice",
            options=(AGAIN, WITHOUT),
            deadline=now + timedelta(seconds=min(REST_MOST_S, limits.question_ttl_s)),
            default=WITHOUT,
        )
        return (asked,)
    return ()


def answered_by_code(state: State, pending: Pending) -> tuple[Fact, ...]:
    """Return the answers to open calls that need no call: seen in this run, or a resting tool."""
    return tuple(_answers(state, pending))


def _answers(state: State, pending: Pending) -> Iterator[Fact]:
    resting = resting_tools(state)
    for index, call in _open(pending):
        effect_id = f"{pending.chosen.effect_id}.{index}"
        known = _seen(state, call)
        if known is not None:
            yield ToolReturned(
                effect_id=effect_id,
                key=call.key,
                tool=call.tool,
                evidence=known.evidence,
                summary=known.summary,
                facts=known.facts,
                cached=True,
            )
        elif call.tool in resting:
            why = f"{call.tool} is resting: it failed {REST_AFTER} times in a row in this run"
            error = CompactError(system=call.tool, message=why)
            yield ToolFailed(
                effect_id=effect_id, key=call.key, tool=call.tool, error=error, retry_at=None
            )


def ready_calls(state: State, pending: Pending, now: datetime) -> tuple[int, ...]:
    """Return the indexes of the calls to make now, in order.

    Of equal calls one is made, and of one tool at once no more than may fail before it rests.
    """
    asked: set[tuple[str, str]] = set()
    at_once: Counter[str] = Counter()
    ready: list[int] = []
    for index, call in _open(pending):
        room = REST_AFTER - len(state.run.failed.get(call.tool, ()))
        if _name(call.tool, call.args) in asked or at_once[call.tool] >= room:
            continue
        asked.add(_name(call.tool, call.args))
        at_once[call.tool] += 1
        if pending.retry_at.get(f"{pending.chosen.effect_id}.{index}", now) <= now:
            ready.append(index)
    return tuple(ready)


def _open(pending: Pending) -> Iterator[tuple[int, ToolCall]]:
    """Yield the open calls; those that were begun come first."""
    step = pending.chosen.step
    if isinstance(step, CallTools):
        begun = {name.rpartition(".")[2] for name in pending.attempts}
        for index in sorted(pending.open_calls, key=lambda one: str(one) not in begun):
            yield index, step.calls[index]


def _seen(state: State, call: ToolCall) -> Result | None:
    name = _name(call.tool, call.args)
    for result in state.run.results:
        same = result.tool == call.tool and not result.error
        if same and _name(result.tool, result.args) == name:
            return result
    return None


def _name(tool: str, args: Mapping[str, JsonValue]) -> tuple[str, str]:
    """Two calls are the same when their JSON is; `1` and `true` are not."""
    return tool, json.dumps(dict(args), sort_keys=True, ensure_ascii=False)


def _short(reason: str) -> str:
    return reason if len(reason) <= REASON_CHARS else f"{reason[: REASON_CHARS - 1]}…"
