"""What humans are asked that runs nothing: questions, and whether the conclusion was right."""

import pytest

from bot.incident import facts_alerts
from bot.incident.card import When
from tests.bot.conversation.situations import (
    asked_question,
    beginning,
    cards_of,
    concluded,
    text_of,
)
from tests.bot.incident.making import at


@pytest.mark.parametrize(
    ("kind", "values"),
    [("choice", ["yes, all day", "no"]), ("yes_no", ["yes", "no"]), ("text", [])],
)
def test_a_question_offers_its_answers(kind: str, values: list[str]) -> None:
    card = cards_of(*beginning(), asked_question(kind))["question:r1s3"]
    assert [one.value for one in card.controls] == values
    assert any(isinstance(block, When) and block.at == at(3600) for block in card.blocks)
    if not values:
        assert "answer INC-1 YOUR WORDS" in text_of(card)


def test_an_answered_question_asks_no_more() -> None:
    answer = facts_alerts.QuestionAnswered(id="r1s3", person="dana", value="no")
    card = cards_of(*beginning(), asked_question(), answer)["question:r1s3"]
    assert (card.state, card.controls) == ("answered by dana", ())


@pytest.mark.parametrize(
    ("asked_for_s", "said"), [(1, "nobody answered in time"), (3600, "not needed any more")]
)
def test_a_question_that_ends_without_an_answer_says_why(asked_for_s: int, said: str) -> None:
    asked = asked_question().model_copy(update={"deadline": at(asked_for_s)})
    expired = facts_alerts.QuestionExpired(id="r1s3")
    card = cards_of(*beginning(), asked, expired)["question:r1s3"]
    assert (card.state, card.controls) == (said, ())
    assert "The default stands: no" in text_of(card)


def test_the_judgement_is_asked_once_it_is_over() -> None:
    over = facts_alerts.IncidentResolved(reason="every alert resolved")
    assert "judge" not in cards_of(*beginning(), concluded())
    card = cards_of(*beginning(), concluded(), over)["judge"]
    assert [one.value for one in card.controls] == ["right", "partly", "wrong", "not_an_incident"]
    judged = facts_alerts.ConclusionJudged(person="dana", verdict="partly")
    card = cards_of(*beginning(), concluded(), over, judged)["judge"]
    assert (card.state, card.controls) == ("judged partly by dana", ())
    again = facts_alerts.IncidentReopened(reason="it fires again")
    assert cards_of(*beginning(), concluded(), over, again)["judge"].controls == ()
