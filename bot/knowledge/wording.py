"""The planner's sentences: what was looked at, what is missing, what became of a proposal."""

from collections.abc import Iterator, Mapping

from bot.incident.context import Context, Proposed, Result
from bot.incident.model import Diagnose, RunbookOutcome
from bot.knowledge import fills, known, predicate, prose

SUMMARY_CHARS = 1500
LOOK_CHARS = 160

_STATUS: Mapping[str, str] = {
    "pending": "What to do about it is proposed.",
    "approved": "The proposal was approved and is about to run.",
    "executing": "The proposal was approved and is running.",
    "succeeded": "The proposal was approved and ran; it succeeded.",
    "failed": "The proposal was approved and ran; it failed.",
    "unknown": "The proposal ran, and its outcome is unknown; a human must look.",
    "denied": "The proposal was denied.",
    "expired": "The proposal expired before anybody decided.",
    "withdrawn": "The proposal was withdrawn.",
    "superseded": "The proposal was superseded.",
    "rolled_back": "The proposal ran and was undone.",
}


def proposal(past: Proposed) -> str:
    """Say what became of a proposal of this incident, in one sentence or two."""
    said = _STATUS.get(past.status)
    if said is None:
        return f"The action {past.template or past.tool} was not put to a decision: {_why(past)}"
    return f"{said} {_short(past.why)}".rstrip()


def missing(template: str, names: tuple[str, ...]) -> str:
    """Say why an action cannot be proposed."""
    return f"The action {template} is not proposed: {', '.join(names)} is not known."


def not_permitted(outcome: RunbookOutcome) -> str:
    """Say that an outcome names an action its runbook lacks."""
    return f"The runbook names the action {outcome.propose} and does not permit it."


def no_diagnostics(context: Context) -> str:
    """Say that nothing guides an investigation, what was looked at, and how to change that."""
    looked = [_line(result.tool, result) for result in known.answered(context).values()]
    seen = f" Looked at: {'; '.join(looked)}." if looked else " Nothing was looked at."
    if context.runbook is not None:
        first = f"Not enough evidence: the runbook {context.runbook.title!r} is for humans to read."
        steps = prose.first_steps(context.runbook.text)
        read = f" Read the runbook; it begins: {' / '.join(steps)}" if steps else ""
        first += f"{read.rstrip('.')}." if read else ""
        mend = " To have it investigated, add `diagnose` and `outcomes` to its front matter."
        return (first + seen + mend)[:SUMMARY_CHARS]
    name = next((_alertname(alert.labels, alert.title) for alert in context.alerts), context.title)
    mend = (
        f" To guide the next one, add a Markdown file named for {_short(name)} to the knowledge "
        "folder, with `match`, `diagnose` and `outcomes` in its front matter."
    )
    service = "" if context.service else " The service is not known."
    return (f"No runbook matches.{service}" + seen + mend)[:SUMMARY_CHARS]


def not_enough(context: Context, *, cut_short: bool) -> str:
    """Say that no outcome is proven: what was seen, what failed, what could not be looked at."""
    lines = list(_looks(context))
    answers = [past.value for past in context.answers if past.value is not None]
    if answers:
        lines.append(f"the last answer was {_short(answers[-1])!r}")
    if cut_short:
        lines.append("the last step of this run was reached before everything was looked at")
    seen = "; ".join(lines) or "there was nothing to look at"
    return f"Not enough evidence: no outcome of the runbook is proven. {seen}."[:SUMMARY_CHARS]


def _looks(context: Context) -> Iterator[str]:
    done = known.answered(context)
    offered = {offer.name for offer in context.tools}
    for step in context.runbook.diagnose if context.runbook else ():
        if step.id in done:
            yield _line(step.id, done[step.id])
        elif step.tool in context.resting:
            yield f"{step.id}: not looked at, {step.tool} failed too often in a row"
        elif (offered or context.bare) and step.tool not in offered:
            yield f"{step.id}: not looked at, {step.tool} is not configured"
        elif why := _waits(step, context):
            yield f"{step.id}: not looked at, {why}"


def _waits(step: Diagnose, context: Context) -> str:
    facts = known.facts(context)
    if step.when is not None and predicate.evaluate(step.when, facts) is not True:
        unknown = [name for name in predicate.names(step.when) if facts.get(name) is None]
        return f"{', '.join(unknown)} is not known" if unknown else "its condition does not hold"
    absent = fills.fill(step.args, known.values(context)).missing
    return f"{', '.join(absent)} is not known or cannot stand in a query" if absent else ""


def _line(name: str, result: Result) -> str:
    if result.error:
        return f"{name}: {result.tool} failed: {_short(result.error)}"
    return f"{name}: {_short(result.summary) or 'no summary'}"


def _why(past: Proposed) -> str:
    return _short(past.why or past.status).rstrip(".") + "."


def _alertname(labels: Mapping[str, str], title: str) -> str:
    return labels.get("alertname", title)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LOOK_CHARS else line[: LOOK_CHARS - 1] + "…"
