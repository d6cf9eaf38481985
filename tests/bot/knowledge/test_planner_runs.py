from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.incident.context import Context
from bot.incident.model import Runbook
from bot.incident.steps import AskHuman, CallTools, Conclude, ProposeAction, Step
from bot.knowledge.planner import choose
from tests.bot.knowledge.situations import (
    a_context,
    a_result,
    a_runbook,
    keys,
    proposed,
    seen,
    told,
)

IDS = ["a", "b", "c", "d", "e", "f"]
VALUES = st.one_of(st.none(), st.integers(0, 9), st.sampled_from(["x", "yes"]), st.booleans())


@st.composite
def runbooks(draw: st.DrawFn) -> Runbook:
    tests = [f"{{fact: {name}.v, op: {op}, value: 5}}" for name in IDS for op in ("lt", "ge")]
    test = st.sampled_from([*tests, '{fact: answer.value, op: eq, value: "yes"}'])
    lines = ["diagnose:"]
    for name in IDS:
        when = draw(st.none() | test.filter(lambda text, name=name: f"{name}.v" not in text))
        fill = draw(st.sampled_from(["plain", "${service}", *(f"${{{other}.v}}" for other in IDS)]))
        lines.append(
            f"- {{id: {name}, tool: t, args: {{x: '{fill}'}}"
            + (f", when: {when}}}" if when else "}")
        )
    lines.append("outcomes:")
    for number in range(draw(st.integers(0, 4))):
        what = draw(st.sampled_from(["", ", propose: act", f", ask: {{question: q{number}}}"]))
        lines.append(f"- {{name: o{number}, when: {draw(test)}, conclude: 'c ${{a.v}}'{what}}}")
    lines += ["actions: [{id: act, tool: w, args: {x: '${b.v}'}, reason: r}]"]
    lines += draw(st.sampled_from([["otherwise: {question: other}"], []]))
    return a_runbook("\n".join(lines))


def carried_out(context: Context, step: Step, data: st.DataObject) -> Context:
    """The context after the step, with any answer the world may give."""
    match step:
        case CallTools():
            for call in step.calls:
                value = data.draw(VALUES)
                failed = data.draw(st.sampled_from(["", "", "down"]))
                context = seen(context, a_result(call.key, error=failed, v=value))
        case AskHuman():
            context = told(context, step.question, data.draw(st.sampled_from(["yes", "no", None])))
        case ProposeAction():
            context = proposed(context, step.template, data.draw(st.sampled_from(["denied", "x"])))
        case Conclude():
            pass
    return replace(context, remaining=context.remaining - 1)


@given(runbooks(), st.data())
def test_a_run_ends_within_ten_steps_and_repeats_nothing(
    runbook: Runbook, data: st.DataObject
) -> None:
    context, steps = a_context(runbook), list[Step]()
    while not (steps and isinstance(steps[-1], Conclude)):
        steps.append(choose(context))
        assert choose(context) == steps[-1]
        context = carried_out(context, steps[-1], data)
        assert len(steps) <= 10
    looked = [key for step in steps if isinstance(step, CallTools) for key in keys(step)]
    assert len(looked) == len(set(looked))
    asked = [step.question for step in steps if isinstance(step, AskHuman)]
    assert len(asked) == len(set(asked))
    assert sum(isinstance(step, ProposeAction) for step in steps) <= 1


@given(runbooks(), st.lists(st.sampled_from(IDS)))
def test_missing_evidence_proves_no_outcome(runbook: Runbook, failed: list[str]) -> None:
    context = seen(a_context(runbook), *(a_result(key, error="down", v=7) for key in failed))
    step = choose(context)
    assert not isinstance(step, ProposeAction)
    if isinstance(step, Conclude):
        assert step.findings == ()
        assert step.summary.startswith("Not enough evidence")


@given(runbooks(), st.data())
def test_f05_every_finding_cites_evidence_of_this_thread(
    runbook: Runbook, data: st.DataObject
) -> None:
    context = a_context(runbook)
    for _ in range(10):
        step = choose(context)
        if not isinstance(step, CallTools):
            known = {result.evidence for result in context.results if not result.error}
            assert all(found.evidence for found in step.findings)
            assert {item for found in step.findings for item in found.evidence} <= known
        context = carried_out(context, step, data)
