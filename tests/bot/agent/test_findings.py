"""Claims against evidence (F-05): dropped or lowered, never raised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.agent.findings import ORDER, checked, lowered
from bot.incident.context import Result
from bot.incident.model import Finding, Observation
from bot.incident.steps import AskHuman, CallTools, Conclude, ProposeAction, Step
from tests.bot.agent.minds import context, result
from tests.bot.engine.making import look, want

SEEN = (
    result("e1"),
    result("e2", tool="loki_query", summary="1,200 errors since 12:03, 4.1987 s p99", facts=()),
    result("e3", facts=(Observation(name="ratio", value=0.253, unit="ratio"),)),
)
FAILED = result("", tool="prometheus_query", summary="", facts=(), error="no answer")
BROKEN = result("e9", error="no answer")


def claim(text: str, *evidence: str, confidence: str = "high") -> Finding:
    return Finding.model_validate({"claim": text, "evidence": evidence, "confidence": confidence})


def ended(*findings: Finding, outcome: str = "cause_found") -> Conclude:
    step = Conclude(summary="It was the deploy.", findings=findings)
    return Conclude.model_validate({**step.model_dump(), "outcome": outcome})


def judged(finding: Finding, *results: Result, **changed: object) -> str:
    """The confidence a claim is left with, or why it was dropped."""
    found = checked(ended(finding), context(*(results or SEEN), **changed))
    assert isinstance(found.step, Conclude)
    return found.step.findings[0].confidence if found.step.findings else found.dropped[0]


@pytest.mark.parametrize(
    ("finding", "want"),
    [
        (claim("v42 is broken", "e1", "e2"), "high"),
        (claim("v42 is broken", "e1"), "medium"),
        (claim("v42 is broken", "e1", "e1"), "medium"),
        (claim("v42 is broken", "e1", "e2", confidence="low"), "low"),
        (claim("v43 is broken", "e1", "e2"), "low"),
        (claim("42 pods are broken", "e1", "e2"), "low"),
        (claim("1200 errors", "e1", "e2"), "high"),
        (claim("1,200 errors since 12:03", "e1", "e2"), "high"),
        (claim("errors since 12:04", "e1", "e2"), "low"),
        (claim("p99 is 4.2 s", "e1", "e2"), "high"),
        (claim("p99 is 4.2s", "e1", "e2"), "high"),
        (claim("p99 is 4.3 s", "e1", "e2"), "low"),
        (claim("25% fail", "e1", "e3"), "high"),
        (claim("26% fail", "e1", "e3"), "low"),
        (claim("25.3% fail", "e1", "e3"), "high"),
        (claim("the numbers stand elsewhere: 1200", "e1", "e3"), "low"),
    ],
    ids=lambda one: one.claim + " " + "+".join(one.evidence) if isinstance(one, Finding) else one,
)
def test_f05_a_claim_is_as_sure_as_what_it_cites(finding: Finding, want: str) -> None:
    assert judged(finding) == want


@pytest.mark.parametrize(
    ("finding", "why"),
    [
        (claim("v42 is broken"), "“v42 is broken” cites no evidence"),
        (claim("", "e1"), "says nothing"),
        (claim("v42 is broken", "e1", "e7"), "cites 'e7', which is no evidence of this"),
        (claim("v42 is broken", "e1", "e9"), "cites 'e9', a look that failed"),
        (claim("the look failed", ""), "which is no evidence"),
    ],
)
def test_f05_a_claim_that_cites_nothing_that_was_seen_is_dropped_and_told(
    finding: Finding, why: str
) -> None:
    assert why in judged(finding, *SEEN, FAILED, BROKEN)


def test_f05_what_the_model_was_not_shown_in_full_proves_little() -> None:
    finding = claim("v42 is broken", "e1", "e2")
    assert judged(finding, cuts=("alert.title",)) == "high"
    assert judged(finding, cuts=("tool.loki_query",)) == "low"
    assert judged(finding, cuts=("tool.loki_query.line",)) == "low"
    found = checked(ended(finding), context(*SEEN), {"e2"}).step
    assert isinstance(found, Conclude)
    assert found.findings[0].confidence == "low"


@pytest.mark.parametrize("outcome", ["cause_found", "not_an_incident"])
def test_f05_a_conclusion_without_a_claim_that_stands_is_not_enough_evidence(outcome: str) -> None:
    found = checked(ended(claim("v42 is broken", "e7"), outcome=outcome), context(*SEEN))
    step = found.step
    assert isinstance(step, Conclude)
    assert (step.outcome, step.findings) == ("not_enough_evidence", ())
    assert "deploy" not in step.summary  # the cause was its word alone
    assert len(found.dropped) == 2
    assert found.dropped[-1] == f"it concluded {outcome.replace('_', ' ')} without evidence"


def test_not_enough_evidence_and_an_answer_need_no_claim() -> None:
    for outcome in ("not_enough_evidence", "answered"):
        step = ended(outcome=outcome)
        assert checked(step, context()).step == step


def test_a_proposal_and_a_question_keep_what_stands() -> None:
    good, bad = claim("v42 is broken", "e1"), claim("mallory did it")
    steps: list[ProposeAction | AskHuman] = [want(), AskHuman(question="May I?")]
    for step in steps:
        found = checked(step.model_copy(update={"findings": (good, bad)}), context(*SEEN))
        assert isinstance(found.step, ProposeAction | AskHuman)
        assert [one.claim for one in found.step.findings] == ["v42 is broken"]
        assert found.dropped == ("“mallory did it” cites no evidence",)


def test_reads_claim_nothing() -> None:
    assert checked(look(), context()).step == look()
    assert lowered(look(), ("low",)) == look()


CLAIMS = st.builds(
    claim,
    st.sampled_from(["v42 is broken", "1200 errors", "99 problems", "25% fail", ""]),
    *[st.sampled_from(["e1", "e2", "e3", "e7", "e9", ""])] * 2,
    confidence=st.sampled_from(ORDER),
)


@given(
    st.lists(CLAIMS, max_size=5, unique_by=lambda one: one.claim),
    st.sampled_from(["cause_found", "not_an_incident", "answered"]),
    st.sets(st.sampled_from(["e1", "e2"])),
    st.lists(st.sampled_from(ORDER), max_size=6),
)
def test_f05_confidence_never_rises_and_no_claim_appears(
    claims: list[Finding], outcome: str, unseen: set[str], second: list[str]
) -> None:
    before = ended(*claims, outcome=outcome)
    made: list[Step] = [checked(before, context(*SEEN, BROKEN), unseen).step]
    made.append(lowered(before, tuple(ORDER[ORDER.index(one)] for one in second)))
    for step in made:
        assert not isinstance(step, CallTools)
        was = {one.claim: one for one in claims}
        assert [one.claim for one in step.findings] == [
            one.claim for one in claims if one.claim in {kept.claim for kept in step.findings}
        ]
        for finding in step.findings:
            first = was[finding.claim]
            assert ORDER.index(finding.confidence) <= ORDER.index(first.confidence)
            assert set(finding.evidence) == set(first.evidence)


def test_a_second_look_can_only_lower() -> None:
    step = ended(claim("a", "e1", confidence="medium"), claim("b", "e1"), claim("c", "e1"))
    made = lowered(step, ("high", "low"))
    assert isinstance(made, Conclude)
    assert [one.confidence for one in made.findings] == ["medium", "low", "high"]
