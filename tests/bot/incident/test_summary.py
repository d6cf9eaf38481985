import pytest

from bot.incident import facts_action as act
from bot.incident import facts_alerts as al
from bot.incident import facts_run as run
from bot.incident.fact import Fact
from bot.incident.reducer import fold
from bot.incident.summary import closing, lasted, learnings, summary
from tests.bot.incident.making import (
    alert,
    approved,
    at,
    decided,
    opened,
    received,
    started,
    thread,
)
from tests.bot.incident.test_reducer import ASKED, ONE_OF_EACH, SETTLED

ENDED = run.ConclusionReached(summary="v42 is a bad deploy.", findings=(), by="planner")
DONE = act.ActionFinished(attempt=started(ASKED).attempt, ok=True, evidence="e", summary="done")
CHECKED = act.ActionVerified(
    proposal=ASKED.proposal.id, digest=ASKED.digest, n=0, evidence="e", summary="fine"
)
OVER = al.IncidentResolved(reason="every alert resolved")
WAY: list[Fact] = [
    *SETTLED, ASKED, ENDED, decided(ASKED), approved(ASKED), started(ASKED), DONE, CHECKED,
    received(alert("resolved")), OVER,
]  # fmt: skip


def test_the_summary_says_what_was_what_was_found_and_what_was_done() -> None:
    assert summary(fold(thread(WAY, step_s=60))) == (
        "CheckoutErrorRateHigh on checkout. v42 is a bad deploy. "
        "Roll back checkout to v41 (P-7F3KQ2AB) approved by dana: succeeded, 1 check passed. "
        "Resolved after 14 min: every alert resolved."
    )


def test_the_learnings_always_say_something() -> None:
    for facts in ([opened()], WAY, [*WAY, al.ConclusionJudged(person="eve", verdict="wrong")]):
        told = learnings(fold(thread(facts)))
        assert all(told.model_dump().values())
    judged = learnings(fold(thread([*WAY, al.ConclusionJudged(person="eve", verdict="wrong")])))
    assert "judged wrong by eve" in judged.learning
    assert learnings(fold(thread([opened()]))).solution == "nothing was changed by the bot"


def test_a_failed_check_is_not_hidden() -> None:
    worse = act.ActionRegressed(
        proposal=ASKED.proposal.id, digest=ASKED.digest, n=1, evidence="e", why="errors are back"
    )
    assert "then a check failed (errors are back)" in summary(fold(thread([*WAY, worse])))


def test_the_same_state_gives_the_same_closing_bytes() -> None:
    events = thread(ONE_OF_EACH)
    assert closing(fold(events)).model_dump_json() == closing(fold(events)).model_dump_json()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (185, "3 min 5 s"),
        (3600, "1 h"),
        (7800, "2 h 10 min"),
        (90000, "25 h"),
    ],
)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert lasted(at(0), at(seconds)) == words


def test_what_a_model_concluded_is_said_to_be_its_own_in_the_summary() -> None:
    by = "openai:gpt-test"
    facts = [opened(), run.ConclusionReached(summary="v42 broke it.", findings=(), by=by)]
    assert f"Concluded by {by} (not confirmed): v42 broke it." in summary(fold(thread(facts)))
    judged = [*facts, al.ConclusionJudged(person="eve", verdict="right")]
    assert f"Concluded by {by} (judged right by eve): v42" in summary(fold(thread(judged)))


@pytest.mark.parametrize("by", ["planner", "triagebot"])
def test_what_a_rule_concluded_stands_as_it_is(by: str) -> None:
    facts = [opened(), run.ConclusionReached(summary="v42 broke it.", findings=(), by=by)]
    assert summary(fold(thread(facts))).endswith("on checkout. v42 broke it.")
