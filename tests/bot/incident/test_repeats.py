"""What the agent may not propose once more, and how often it may propose at all (E-40, E-44)."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.incident import facts_action as act
from bot.incident import facts_run as run
from bot.incident.decide import decide
from bot.incident.effects import Prepare, RunLimits, Wait
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.proposal import Proposal, action_digest
from bot.incident.reducer import fold
from bot.incident.repeats import repeated
from bot.incident.steps import ProposeAction
from tests.bot.incident.making import at, decided, proposal, proposed, thread
from tests.bot.incident.test_reducer import ASKED, REPLACED, REVISED, SETTLED, WISH

LIMITS = RunLimits(debounce_s=0, propose_every_s=120)
OTHER = proposal("ZZZZ2222", args={"job": "rollback", "params": {"version": "v40"}})
NO = decided(ASKED, "deny")
DENIED: list[Fact] = [
    *SETTLED,
    ASKED,
    NO,
    act.ProposalDenied(proposal=NO.proposal, digest=NO.digest, reason="not now"),
]
SECOND = run.StepChosen(effect_id="r1s3", step=WISH.step, by="planner")


def why(history: Sequence[Fact], wanted: Proposal, reason: str = "v40 has no leak") -> str:
    return repeated(fold(thread(history)), wanted, action_digest(wanted), reason)


@pytest.mark.parametrize("history", [[*SETTLED, ASKED], DENIED])
def test_e40_the_same_action_is_proposed_once(history: Sequence[Fact]) -> None:
    assert "proposed exactly this already" in why(history, proposal("YYYY2222"))


def test_e40_what_an_edit_replaced_was_proposed_already() -> None:
    history = [*SETTLED, ASKED, REPLACED, REVISED]
    assert "proposed exactly this already" in why(history, proposal("YYYY2222"))


def test_e40_like_a_denied_one_only_for_another_reason() -> None:
    assert why(DENIED, OTHER) == ""
    same = "P-7F3KQ2AB was denied, and this would be proposed for the same reason"
    assert why(DENIED, OTHER, ASKED.reason) == same
    assert why(DENIED, OTHER, f"  {ASKED.reason.upper()}! ") == same


def test_e40_like_a_denied_one_at_most_once() -> None:
    third = proposal("WWWW2222", args={"job": "rollback", "params": {"version": "v39"}})
    more = proposed(OTHER, reason="v40 has no leak", effect_id="r1s3")
    assert why([*DENIED, more], third, "and v39 even less") == (
        "P-7F3KQ2AB was denied, and one more like it was proposed since; that is enough"
    )
    human = proposed(OTHER, reason="v40 has no leak", effect_id="ask-1")
    assert why([*DENIED, human], third, "and v39 even less") == ""


@pytest.mark.parametrize("field", ["tool", "target", "environment"])
def test_e40_another_tool_or_target_is_another_matter(field: str) -> None:
    assert why(DENIED, proposal("YYYY2222", **{field: "elsewhere"}), ASKED.reason) == ""


def test_without_a_denial_what_resembles_may_be_proposed() -> None:
    assert why([*SETTLED, ASKED], OTHER, ASKED.reason) == ""


def effect(history: Sequence[Fact], seconds: float):
    return decide(fold(thread(history)), at(seconds), LIMITS)


def test_e44_the_agents_next_proposal_waits_for_two_minutes_and_is_made_then() -> None:
    history = [*SETTLED, ASKED, SECOND]
    asked_at = len(SETTLED)
    assert effect(history, 60) == Wait(at(asked_at + 120))
    assert effect(history, asked_at + 119.9) == Wait(at(asked_at + 120))
    assert effect(history, asked_at + 120) == Prepare(SECOND)


def test_e44_the_first_one_waits_for_nothing() -> None:
    assert effect(list(SETTLED), len(SETTLED)) == Prepare(WISH)


def test_e44_after_an_edit_the_time_still_counts_from_the_agents_own() -> None:
    history = [*SETTLED, ASKED, REPLACED, REVISED, SECOND]
    assert effect(history, len(SETTLED) + 120) == Prepare(SECOND)


@pytest.mark.parametrize(
    ("effect_id", "by"),
    [
        ("ask-1", "person:dana"),
        ("ask-2", "renewal"),
        ("edit-7F3KQ2AB-1-ab", "person:dana"),
        ("undo-7F3KQ2AB", "verification"),
    ],
)
def test_e44_humans_edits_and_the_undo_of_a_regression_never_wait(effect_id: str, by: str) -> None:
    wish = ProposeAction(tool="job_run", args={}, reason="x")
    chosen = run.StepChosen(effect_id=effect_id, step=wish, by=by)
    assert effect([*SETTLED, ASKED, SECOND, chosen], len(SETTLED) + 3) == Prepare(chosen)


def test_e44_what_a_human_wanted_does_not_make_the_agent_wait() -> None:
    human = proposed(proposal("YYYY2222"), effect_id="ask-1")
    assert effect([*SETTLED, human], len(SETTLED) + 1) == Prepare(WISH)


def test_e44_an_answer_of_the_waiting_step_is_taken_wherever_it_stands() -> None:
    """A human's wish is made first; the agent's stays in the queue behind it, or before."""
    wish = ProposeAction(tool="job_run", args={}, reason="x")
    chosen = run.StepChosen(effect_id="ask-1", step=wish, by="person:dana")
    rejected = run.ProposalRejected(effect_id="ask-1", tool="job_run", args={}, why="no rule")
    state = fold(thread([*SETTLED, ASKED, SECOND, chosen, rejected]))
    assert [pending.chosen for pending in state.run.queue] == [SECOND]


def test_e44_the_wait_is_an_alarm_of_the_log() -> None:
    """Nothing is held in memory: after a restart the same moment is found."""
    events = thread([*SETTLED, ASKED, SECOND])
    again = [Event(e.stream, e.seq, e.at, e.actor, e.body) for e in events]
    assert decide(fold(again), events[-1].at + timedelta(seconds=1), LIMITS) == Wait(
        at(len(SETTLED) + 120)
    )
