"""What is wrong with one runbook on its own: ids, references, matchers, predicates, numbers."""

from collections import Counter
from collections.abc import Iterable, Iterator

from pydantic import JsonValue

from bot.errors import ConfigError, InputError
from bot.incident.commands import seconds
from bot.incident.model import ActionTemplate, Ask, Predicate, Probe, Runbook, RunbookOutcome
from bot.incident.steps import QUESTION_MOST_S
from bot.knowledge import fills, matchers, predicate

YES_NO = ("yes", "no")
QUESTION_LEAST_S = 60
FREE_FILLS = frozenset({"service", "environment", "incident"})
FREE_STEPS = frozenset({"alert", "answer", "labels"})
"""First parts of names that no diagnose step may carry."""


def faults(runbook: Runbook) -> list[str]:
    """Return every fault, worded for its author; empty when the runbook is sound."""
    return [
        *_matchers(runbook),
        *_ids(runbook),
        *_diagnose(runbook),
        *(fault for outcome in runbook.outcomes for fault in _outcome(runbook, outcome)),
        *(fault for action in runbook.actions for fault in _action(runbook, action)),
        *_asks(runbook),
    ]


def step_of(name: str) -> tuple[str, str]:
    """Return `deploys.latest_previous` as ("deploys", "latest_previous"); no dot: ("", name)."""
    step, dot, fact = name.partition(".")
    return (step, fact) if dot else ("", name)


def _matchers(runbook: Runbook) -> Iterator[str]:
    for place, text in enumerate(runbook.match):
        try:
            matchers.compile_matcher(text)
        except ConfigError as error:
            yield f"match[{place}]: {error}"


def _ids(runbook: Runbook) -> Iterator[str]:
    for field, ids in (
        ("diagnose", [step.id for step in runbook.diagnose]),
        ("actions", [action.id for action in runbook.actions]),
        ("outcomes", [outcome.name for outcome in runbook.outcomes]),
    ):
        for twice in (name for name, times in Counter(ids).items() if times > 1):
            yield f"{field}: {twice!r} stands there twice; give one another name"
    for step in runbook.diagnose:
        if step.id in FREE_STEPS:
            yield f"diagnose {step.id}: this id is taken by the bot; choose another"


def _diagnose(runbook: Runbook) -> Iterator[str]:
    for step in runbook.diagnose:
        where = f"diagnose {step.id}"
        yield from _fills(where, step.args, runbook)
        if step.when is not None:
            yield from _when(where, step.when, runbook)
            if step.id in {step_of(name)[0] for name in predicate.names(step.when)}:
                yield f"{where}: waits for its own result; it could never run"


def _outcome(runbook: Runbook, outcome: RunbookOutcome) -> Iterator[str]:
    where = f"outcome {outcome.name!r}"
    yield from _when(where, outcome.when, runbook)
    yield from _fills(where, [outcome.conclude], runbook)
    if outcome.propose and outcome.propose not in {action.id for action in runbook.actions}:
        yield f"{where}: proposes {outcome.propose!r}; add it to `actions`, or remove it"
    if outcome.propose and outcome.ask is not None:
        yield f"{where}: either proposes or asks; make two outcomes of it"


def _action(runbook: Runbook, action: ActionTemplate) -> Iterator[str]:
    where = f"action {action.id}"
    yield from _fills(where, [action.args, action.reason], runbook)
    yield from _floats(f"{where}: args", action.args)
    for probe in (*action.preconditions, *action.verify):
        inside = f"{where}: probe {probe.title!r}"
        yield from _fills(inside, _probe_values(probe), runbook)
        yield from _floats(inside, _probe_values(probe))
        yield from shape(inside, probe.expect)


def _asks(runbook: Runbook) -> Iterator[str]:
    asks = [("otherwise", runbook.otherwise)]
    asks += [(f"outcome {outcome.name!r}: ask", outcome.ask) for outcome in runbook.outcomes]
    for where, ask in asks:
        if ask is not None:
            yield from _fills(where, [ask.question], runbook)
            if (ask.kind == "choice") is not (len(ask.options) > 1):
                yield f"{where}: options are for kind choice, which needs at least two"
            yield from _answers(where, ask)


def _answers(where: str, ask: Ask) -> Iterator[str]:
    """Yield why the default could not be an answer, or the deadline no deadline."""
    allowed = ask.options if ask.kind == "choice" else YES_NO if ask.kind == "yes_no" else ()
    if ask.default and allowed and ask.default not in allowed:
        yield f"{where}: default {ask.default!r} is no answer; write one of {', '.join(allowed)}"
    if not ask.deadline:
        return
    try:
        length = seconds(ask.deadline)
    except InputError:
        yield f"{where}: deadline {ask.deadline!r}: write how long, as 30m, 2h or 3d"
        return
    if not QUESTION_LEAST_S <= length <= QUESTION_MOST_S:
        yield f"{where}: deadline {ask.deadline}: between 1m and {QUESTION_MOST_S // 86400}d"


def shape(where: str, test: Predicate) -> Iterator[str]:
    """Yield what keeps a predicate from ever being known."""
    forms = [bool(test.fact), bool(test.all), bool(test.any), test.not_ is not None]
    if sum(forms) != 1:
        yield f"{where}: a test is exactly one of fact, all, any, not"
        return
    for part in (*test.all, *test.any, *((test.not_,) if test.not_ else ())):
        yield from shape(where, part)
    if test.fact and (wrong := _operand(test)):
        yield f"{where}: {test.fact} {test.op}: {wrong}"


def _operand(test: Predicate) -> str:
    value = test.value
    filled = isinstance(value, str) and fills.FILL.search(value)
    match test.op:
        case "exists" if value not in (None, True):
            return "takes no value; use `not` for the contrary"
        case "in" if not isinstance(value, list) or not value:
            return "needs a list of values"
        case "contains" if not isinstance(value, str) or not value:
            return "needs a text to look for"
        case "lt" | "le" | "gt" | "ge" if predicate.number(value) is None and not filled:
            return "needs a number"
        case "eq" | "ne" if value is None or isinstance(value, list | dict):
            return "needs one value"
        case _:
            return ""


def _when(where: str, test: Predicate, runbook: Runbook) -> Iterator[str]:
    yield from shape(where, test)
    if fills.wanted([part.value for part in _leaves(test)]):
        yield f"{where}: a `when` takes plain values, no ${{…}} fill"
    known = {step.id for step in runbook.diagnose}
    for name in predicate.names(test):
        step, fact = step_of(name)
        if name == "answer.value" or (step == "alert" and fact):
            continue
        if step not in known or not fact:
            yield f"{where}: {name} is not <diagnose id>.<fact>, answer.value or alert.<label>"


def _fills(where: str, value: JsonValue, runbook: Runbook) -> Iterator[str]:
    known = {step.id for step in runbook.diagnose}
    for name in fills.wanted(value):
        step, fact = step_of(name)
        if name in FREE_FILLS or name == "answer.value" or (step == "labels" and fact):
            continue
        if step not in known or not fact:
            yield (
                f"{where}: ${{{name}}} is not service, environment, incident, labels.<name> "
                "or <diagnose id>.<fact>"
            )
    if any("${" in fills.FILL.sub("", text) for text in _texts(value)):
        yield f"{where}: a ${{ without its }}"


def _floats(where: str, value: JsonValue) -> Iterator[str]:
    if any(isinstance(leaf, float) for leaf in _flat(value)):
        yield f"{where}: write a number with a point in quotes, so that what is approved is exact"


def _probe_values(probe: Probe) -> JsonValue:
    return [probe.title, probe.args, [part.value for part in _leaves(probe.expect)]]


def _leaves(test: Predicate) -> list[Predicate]:
    parts = (*test.all, *test.any, *((test.not_,) if test.not_ else ()))
    return [test] if not parts else [leaf for part in parts for leaf in _leaves(part)]


def _texts(value: JsonValue) -> Iterable[str]:
    return (leaf for leaf in _flat(value) if isinstance(leaf, str))


def _flat(value: JsonValue) -> Iterator[JsonValue]:
    match value:
        case list():
            for item in value:
                yield from _flat(item)
        case dict():
            for item in value.values():
                yield from _flat(item)
        case _:
            yield value
