"""Follow-ups are rules over the record: at most three, the most telling first, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.follow_ups import MOST, follow_ups
from bot.conversation.permalink import Permalinks
from bot.conversation.postmortem import postmortem_markdown
from bot.incident import facts_action, facts_alerts, facts_run
from bot.incident.fact import Fact
from bot.incident.model import Finding
from bot.incident.reducer import fold
from tests.bot.conversation.situations import CHECKOUT, concluded, done, loaded
from tests.bot.incident.making import opened, proposed, received, thread
from tests.bot.incident.test_reducer import ONE_OF_EACH

FOUND = concluded()
KNOWN = loaded(similar=())


def texts(*facts: Fact) -> list[str]:
    return [one.text for one in follow_ups(fold(thread([opened(), received(), *facts])))]


def test_x_an_incident_that_went_well_suggests_nothing_and_says_so() -> None:
    facts = [opened(), received(), KNOWN, FOUND]
    assert texts(KNOWN, FOUND) == []
    text = postmortem_markdown(thread(facts), Permalinks())
    assert "None is suggested by the record." in text


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ((loaded(similar=(), runbook=None), FOUND), "No runbook matched"),
        ((loaded(None, similar=()), FOUND), "services.yaml does not know checkout"),
        (
            (loaded(CHECKOUT.model_copy(update={"owner": ""}), similar=()), FOUND),
            "checkout has no owner in services.yaml",
        ),
        ((loaded(), FOUND), "It happened before (INC-0)"),
        ((KNOWN,), "No cause was found with evidence"),
        (
            (KNOWN, FOUND, facts_alerts.ConclusionJudged(person="eve", verdict="wrong")),
            "The conclusion was judged wrong",
        ),
        (
            (KNOWN, FOUND, facts_alerts.ConclusionJudged(person="eve", verdict="not_an_incident")),
            "It was no incident: mend or drop the alert",
        ),
        (
            (KNOWN, FOUND, facts_alerts.ConversationBroken(channel="slack", why="gone")),
            "These channels could not be reached: slack",
        ),
    ],
)
def test_x_each_gap_in_the_record_suggests_its_own(facts: tuple[Fact, ...], words: str) -> None:
    found = texts(*facts)
    assert len(found) == 1
    assert found[0].startswith(words)


def test_x_a_check_that_did_not_hold_comes_first() -> None:
    asked = proposed()
    worse = facts_action.ActionRegressed(
        proposal=asked.proposal.id, digest=asked.digest, n=0, evidence="e", why="errors are back"
    )
    empty = facts_run.ConclusionReached(summary="?", findings=(), by="planner")
    found = [one.text for one in follow_ups(fold(thread([*done(asked), worse, empty])))]
    assert found[0].startswith("P-7F3KQ2AB did not hold (errors are back)")
    assert len(found) == MOST


@given(st.lists(st.sampled_from(ONE_OF_EACH), max_size=20))
def test_x_there_are_never_more_than_three_with_impact_and_effort(facts: list[Fact]) -> None:
    found = follow_ups(fold(thread([opened(), *facts])))
    assert len(found) <= MOST
    assert {one.impact for one in found} <= {"high", "medium", "low"}
    assert len({one.text for one in found}) == len(found)


def test_x_a_finding_is_a_cause() -> None:
    finding = Finding(claim="x", evidence=("e",))
    ended = facts_run.ConclusionReached(summary="x", findings=(finding,), by="planner")
    assert texts(KNOWN, ended) == []
