from collections.abc import Mapping

import pytest

from bot.evaluation.playing import Played
from bot.evaluation.scenario import Scenario
from bot.evaluation.scoring import decision, ended_as, score
from bot.evaluation.suite import Trial
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.facts_action import ActionProposed
from bot.incident.facts_alerts import IncidentOpened, QuestionAsked
from bot.incident.facts_run import ConclusionReached, StepChosen, ToolReturned, Usage
from bot.incident.model import Finding
from bot.incident.reducer import fold
from bot.incident.steps import AskHuman, CallTools, Conclude, ProposeAction, ToolCall
from tests.bot.incident.making import proposal
from tests.fakes import T0

OPENED = IncidentOpened(title="t", service="checkout", severity="critical", group_key="g", by="x")
ENDED = ConclusionReached(
    summary="v42 broke\n  the Checkout.",
    findings=(Finding(claim="10.1.4.9 fails", evidence=("e1",)),),
    by="m",
    outcome="cause_found",
)
LOOK = CallTools(calls=(ToolCall(tool="http_probe", args={"b": 1, "a": "x"}),))


def chosen(step: object, number: int = 1, **more: object) -> StepChosen:
    fields = {"effect_id": f"r1s{number}", "step": step, "by": "m", **more}
    return StepChosen.model_validate(fields)


def thread(
    expect: Mapping[str, object], *facts: Fact, incidents: tuple[str, ...] = ("INC-1",)
) -> Played:
    given = {"title": "t", "alerts": [{"title": "x"}], "expect": expect}
    events = tuple(
        Event("INC-1", seq, T0, "test:hand", fact)
        for seq, fact in enumerate((OPENED, *facts), start=1)
    )
    return Played(Trial("one", Scenario.model_validate(given)), events, fold(events), incidents)


def proposed(version: str = "v41") -> ActionProposed:
    made = proposal(tool="job_run", args={"job": "rollback", "version": version})
    return ActionProposed(
        effect_id="r1s2", proposal=made, digest="d", action_digest="a", preview="p", reason="r",
        reason_by="m", evidence=(), template="rollback",
    )  # fmt: skip


LOOKED = ToolReturned(
    effect_id="r1s1.0", key="", tool="http_probe", evidence="e1", summary="", facts=()
)


@pytest.mark.parametrize(
    ("expect", "reasons"),
    [
        ({"cause": ["V42", ["nothing", "checkout"]]}, ()),
        ({"cause": ["broke the checkout"]}, ()),
        ({"cause": ["10.1.4.9"]}, ()),
        ({"cause": [["v40", "v39"]]}, ("the cause lacks 'v40' or 'v39'",)),
        ({"forbidden": "broke the"}, ("'broke the' is said, and is wrong",)),
        ({"outcome": "cause_found"}, ()),
        (
            {"outcome": ["asked", "not_an_incident"]},
            ("it ended as cause_found, not asked or not_an_incident",),
        ),
        ({"evidence": ["http_probe"]}, ()),
        ({"evidence": "changes_recent"}, ("changes_recent never answered",)),
        ({"max_steps": 1}, ("2 steps, more than 1",)),
        ({"status": "open"}, ()),
        ({"status": "closed"}, ("the incident is open, not closed",)),
        ({"incidents": 2}, ("1 incidents, not 2",)),
        ({"proposal": "none"}, ()),
        ({"proposal": {"tool": "job_run"}}, ("job_run is proposed as expected 0 times, not 1",)),
    ],
)
def test_each_expectation_says_what_is_not_right(
    expect: Mapping[str, object], reasons: tuple[str, ...]
) -> None:
    facts = (chosen(LOOK), LOOKED, chosen(Conclude(summary="x"), 2), ENDED)
    done = score(thread(expect, *facts))
    assert (done.reasons, done.passed) == (reasons, not reasons)


@pytest.mark.parametrize(
    ("expect", "reasons"),
    [
        ({"tool": "job_run", "template": "rollback", "args": {"version": "v41"}}, ()),
        ({"args": {"job": "rollback"}}, ()),
        (
            {"args": {"version": "v40"}},
            (
                "an action is proposed as expected 0 times, not 1",
                "job_run:rollback is proposed with {'job': 'rollback', 'version': 'v41'}",
            ),
        ),
        (
            {"template": "rollback", "times": 2},
            ("rollback is proposed as expected 1 times, not 2",),
        ),
    ],
)
def test_the_expected_proposal_is_that_one_and_no_other(
    expect: Mapping[str, object], reasons: tuple[str, ...]
) -> None:
    assert score(thread({"proposal": expect}, proposed())).reasons == reasons


def test_a_proposal_where_none_is_right_fails() -> None:
    assert score(thread({"proposal": "none"}, proposed())).reasons == (
        "job_run:rollback is proposed, and nothing should be",
    )


def test_an_open_question_is_an_end_of_its_own_and_so_is_nothing() -> None:
    asked = QuestionAsked(id="r1s1", question="Who?", kind="text", options=(), deadline=T0)
    assert ended_as(thread({}, asked)) == "asked"
    assert ended_as(thread({})) == "none"


def test_a_draft_is_not_scored_but_what_went_wrong_with_the_play_is() -> None:
    done = thread({"cause": ["never"]})
    scenario = done.case.scenario.model_copy(update={"draft": "mend it"})
    draft = Played(Trial("one", scenario), done.events, done.state, done.incidents)
    assert score(draft).reasons == ()
    assert score(draft, ("the prompt changed",)).reasons == ("the prompt changed",)


def test_a_price_that_is_unknown_makes_the_sum_unknown_and_the_planner_costs_nothing() -> None:
    priced = Usage(input_tokens=100, output_tokens=10, requests=1, micro_usd=7)
    unknown = priced.model_copy(update={"micro_usd": None})
    paid = score(thread({}, chosen(LOOK, usage=priced), chosen(Conclude(summary="x"), 2)))
    assert (paid.tokens_in, paid.tokens_out, paid.micro_usd) == (100, 10, 7)
    assert score(thread({}, chosen(LOOK, usage=unknown))).micro_usd is None


def test_agreement_and_fallbacks_are_counted() -> None:
    done = score(
        thread(
            {},
            chosen(LOOK, 1, agreed=True),
            chosen(LOOK, 2, agreed=False),
            chosen(Conclude(summary="x"), 3, fallback="slow", fallback_why="late"),
        )
    )
    assert (done.agreed, done.compared, done.fallbacks, done.steps) == (1, 2, 1, 3)


def test_a_decision_is_what_is_done_and_not_how_it_is_told() -> None:
    twice = CallTools(calls=(*LOOK.calls, ToolCall(tool="a_tool", args={})))
    assert decision(twice) == "a_tool(); http_probe(a=x, b=1)"
    assert decision(AskHuman(question="Who?")) == "ask (text)"
    assert decision(Conclude(summary="long words")) == "conclude not_enough_evidence"
    step = ProposeAction(tool="job_run", args={"job": "r"}, reason="so", template="rollback")
    assert decision(step) == "propose rollback(job=r)"
