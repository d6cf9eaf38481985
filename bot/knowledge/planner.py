"""The rule-based StepModel: follows a runbook's front matter to the letter and guesses nothing."""

from typing import cast

from pydantic import JsonValue

from bot.incident.commands import seconds
from bot.incident.context import Context, Remark
from bot.incident.model import Ask, Diagnose, Finding, RunbookOutcome
from bot.incident.steps import (
    MAX_CALLS,
    AskHuman,
    CallTools,
    Conclude,
    ConclusionKind,
    ProposeAction,
    Step,
    ToolCall,
)
from bot.knowledge import answering, fills, known, predicate, wording

FIRST_LOOK = "changes"
"""Key of the one look that needs no runbook."""
FIRST_LOOK_TOOL = "changes_recent"
FIRST_LOOK_WINDOW_S = 86400


class RunbookPlanner:
    """`StepModel` without a model: the same context always gives the same Step."""

    name = "planner"

    async def next_step(self, context: Context) -> Step:
        """Return `choose(context)`; waits for nothing and raises nothing."""
        return choose(context)


def choose(context: Context) -> Step:
    """Return the next Step.

    Outcomes are tested in order; the first that is proven decides. Else the diagnostics that can
    run now are run, four at most; else the runbook's `otherwise` is asked, once; else the run
    concludes that there is not enough evidence, and says what was looked at. A human's question is
    answered as plain questions are.
    """
    if context.question is not None:
        return _answer(context, context.question)
    runbook = context.runbook
    if runbook is None or not (runbook.diagnose or runbook.outcomes):
        return _without_diagnostics(context)
    facts = known.facts(context)
    for outcome in runbook.outcomes:
        if predicate.evaluate(outcome.when, facts) is True:
            return _act(context, outcome)
    calls = _runnable(context)
    if calls and context.remaining > 1:
        return CallTools(calls=tuple(calls[:MAX_CALLS]))
    if runbook.otherwise is not None and not _asked(context, runbook.otherwise):
        return _question(context, runbook.otherwise, ())
    return Conclude(summary=wording.not_enough(context, cut_short=bool(calls)))


def _answer(context: Context, question: Remark) -> Step:
    """Answer a question; what changed is looked at afresh, once."""
    if answering.CHANGED in answering.topics(question.text):
        looked = any(
            one.key == FIRST_LOOK and one.at and question.at and one.at >= question.at
            for one in context.results
        )
        look = None if looked else _first_look(context)
        if look is not None:
            return look
    return answering.plain_answer(context)


def _first_look(context: Context) -> CallTools | None:
    """Return the look at the changes of a known service, if there is a step left for it."""
    if context.service is None or context.remaining <= 1:
        return None
    if not _offered(context, FIRST_LOOK_TOOL):
        return None
    args: dict[str, JsonValue] = {
        "service": context.service.name,
        "window_s": FIRST_LOOK_WINDOW_S,
    }
    return CallTools(calls=(ToolCall(tool=FIRST_LOOK_TOOL, args=args, key=FIRST_LOOK),))


def _without_diagnostics(context: Context) -> Step:
    """No runbook, or one for humans only: look at changes of a known service, then say so."""
    otherwise = context.runbook.otherwise if context.runbook else None
    look = None if FIRST_LOOK in known.answered(context) else _first_look(context)
    if look is not None:
        return look
    if otherwise is not None and not _asked(context, otherwise):
        return _question(context, otherwise, ())
    return Conclude(summary=wording.no_diagnostics(context))


def _act(context: Context, outcome: RunbookOutcome) -> Step:
    findings = _findings(context, outcome)
    if outcome.ask is not None and not _asked(context, outcome.ask):
        return _question(context, outcome.ask, findings)
    said = fills.text(outcome.conclude, known.values(context))
    if not outcome.propose:
        return _found(said, findings)
    earlier = [past for past in context.proposed if past.template == outcome.propose]
    if earlier:
        return _found(f"{said} {wording.proposal(earlier[-1])}", findings)
    return _propose(context, outcome, said, findings)


def _propose(
    context: Context, outcome: RunbookOutcome, said: str, findings: tuple[Finding, ...]
) -> ProposeAction | Conclude:
    actions = context.runbook.actions if context.runbook else ()
    template = next((action for action in actions if action.id == outcome.propose), None)
    if template is None:
        return _found(f"{said} {wording.not_permitted(outcome)}", findings)
    values = known.values(context)
    filled = fills.fill(template.args, values)
    if filled.missing:
        missing = wording.missing(outcome.propose, filled.missing)
        return _found(f"{said} {missing}", findings)
    return ProposeAction(
        tool=template.tool,
        args=cast("dict[str, JsonValue]", fills.exact(filled.value)),
        reason=fills.text(template.reason, values),
        findings=findings,
        template=template.id,
    )


def _runnable(context: Context) -> list[ToolCall]:
    """Diagnostics not yet answered, whose `when` holds and whose fills are all known, in order."""
    done = known.answered(context)
    facts, values = known.facts(context), known.values(context)
    steps = context.runbook.diagnose if context.runbook else ()
    found = (
        _call(step, values)
        for step in steps
        if step.id not in done
        and _offered(context, step.tool)
        and (step.when is None or predicate.evaluate(step.when, facts) is True)
    )
    return [call for call in found if call is not None]


def _call(step: Diagnose, values: dict[str, predicate.FactValue]) -> ToolCall | None:
    filled = fills.fill(step.args, values)
    if filled.missing:
        return None
    return ToolCall(tool=step.tool, args=cast("dict[str, JsonValue]", filled.value), key=step.id)


def _found(summary: str, findings: tuple[Finding, ...]) -> Conclude:
    """A proven outcome; without evidence it is a lead, and counts as none."""
    outcome: ConclusionKind = "cause_found" if findings else "not_enough_evidence"
    return Conclude(summary=summary, findings=findings, outcome=outcome)


def _findings(context: Context, outcome: RunbookOutcome) -> tuple[Finding, ...]:
    """One claim with the evidence that proves it; none when only labels or answers do."""
    names = predicate.support(outcome.when, known.facts(context))
    evidence = known.evidence(context, names)
    if not evidence:
        return ()
    claim = fills.text(outcome.conclude, known.values(context))
    return (Finding(claim=claim, evidence=evidence, confidence=outcome.confidence),)


def _question(context: Context, ask: Ask, findings: tuple[Finding, ...]) -> AskHuman:
    return AskHuman(
        question=fills.text(ask.question, known.values(context)),
        answer=ask.kind,
        options=ask.options,
        default=ask.default,
        deadline_s=seconds(ask.deadline) if ask.deadline else 0,
        findings=findings,
    )


def _asked(context: Context, ask: Ask) -> bool:
    """Compared as filled and as written: a fact may have changed since it was asked."""
    asked = {past.question for past in context.answers}
    return bool(asked & {ask.question, fills.text(ask.question, known.values(context))})


def _offered(context: Context, tool: str) -> bool:
    """An empty offer means that nobody said which tools there are, unless the context is bare.

    A resting tool is not called.
    """
    if context.bare or tool in context.resting:
        return False
    return not context.tools or any(offer.name == tool for offer in context.tools)
