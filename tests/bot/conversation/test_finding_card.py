"""What was found and what was answered: whose words, on what evidence, at what cost (F-12)."""

import pytest

from bot.conversation.receipt import FALLBACKS, price_words
from bot.incident.card import Card
from bot.incident.fact import Fact
from bot.incident.facts_alerts import ConclusionJudged, IncidentResolved, MessageReceived
from bot.incident.facts_run import (
    ConclusionReached,
    Digests,
    FallbackKind,
    LeftOut,
    Receipt,
    StepChosen,
    Usage,
)
from bot.incident.model import Finding
from bot.incident.steps import Conclude, ConclusionKind
from tests.bot.conversation.situations import beginning, card_of, cards_of, text_of, verbs

FOUND = Finding(claim="errors began with v42", evidence=("e" * 16,))
USED = Usage(input_tokens=4210, output_tokens=310, model="gpt-x-2026", requests=3, micro_usd=2100)
RECEIPT = Receipt(
    estimated_tokens=15_360,
    window_tokens=128_000,
    left_out=(LeftOut(what="12 older log lines", evidence="a" * 16), LeftOut(what="2 changes")),
)


def chosen(effect_id: str = "r1s1", by: str = "openai:gpt-x", **changed: object) -> StepChosen:
    fields: dict[str, object] = {
        "effect_id": effect_id,
        "step": Conclude(summary="x"),
        "by": by,
        "usage": USED,
        "receipt": RECEIPT,
        "digests": Digests(prompt="p" * 64, tools="t" * 64),
        "exchange": "b" * 16,
        **changed,
    }
    return StepChosen.model_validate(fields)


def concluded(
    by: str = "openai:gpt-x", outcome: ConclusionKind = "cause_found", question: str = ""
) -> ConclusionReached:
    return ConclusionReached(
        summary="v42 broke it", findings=(FOUND,), by=by, outcome=outcome, question=question
    )


def finding(*facts: Fact) -> Card:
    return card_of(*facts, key="finding:r1")


def answer(*more: Fact) -> Card:
    asked = MessageReceived(
        person="dana", text="<b>what</b> changed?", conversation="web", question=True
    )
    return card_of(concluded(), asked, *more, key="answer:1")


def test_f12_a_finding_carries_its_receipt() -> None:
    card = finding(chosen(), concluded())
    assert (
        "openai:gpt-x · 3 requests · 4,210 tokens in, 310 out · $0.0021 · 12 % of the window · "
        "left out: 2 things"
    ) in text_of(card)
    assert "12 older log lines" in text_of(card)
    assert [link.url.rpartition("/")[2] for link in card.links] == ["e" * 16, "a" * 16, "b" * 16]


def test_f12_the_foot_names_model_prompt_and_tools() -> None:
    card = finding(chosen(), concluded())
    assert card.footer.endswith("· openai:gpt-x · prompt pppppppppppp · tools tttttttttttt")
    rules = finding(chosen(by="planner", usage=Usage(), receipt=None), concluded("planner"))
    assert "rule-based · prompt" in rules.footer


def test_f12_a_run_without_a_model_has_no_receipt() -> None:
    card = finding(
        chosen(by="planner", usage=Usage(), receipt=None, exchange=""), concluded("planner")
    )
    assert "tokens in" not in text_of(card)
    assert "Rule-based, from the runbook; no model was used" in text_of(card)


def test_f12_what_a_run_cost_is_the_sum_of_its_steps() -> None:
    unknown = USED.model_copy(update={"micro_usd": None})
    two = finding(chosen(), chosen("r1s2"), concluded())
    assert "6 requests · 8,420 tokens in, 620 out · $0.0042" in text_of(two)
    mixed = finding(chosen(), chosen("r1s2", usage=unknown), concluded())
    assert "price unknown" in text_of(mixed)


@pytest.mark.parametrize("kind", FALLBACKS)
def test_f11_a_card_says_why_no_model_chose(kind: FallbackKind) -> None:
    fell = chosen(
        by="planner", usage=Usage(), receipt=None, fallback=kind, fallback_why="429 from openai"
    )
    card = finding(fell, concluded("planner"))
    assert f"Rule-based because {FALLBACKS[kind]} (429 from openai)" in text_of(card)


def test_f05_dropped_claims_are_told() -> None:
    card = finding(chosen(dropped=("DNS is down", "it is the moon")), concluded())
    said = text_of(card)
    assert "Dropped for want of evidence: 2 claims" in said
    assert "DNS is down" in said


@pytest.mark.parametrize(
    ("outcome", "title"),
    [
        ("cause_found", "What was found"),
        ("not_enough_evidence", "Not enough evidence"),
        ("not_an_incident", "Not an incident"),
    ],
)
def test_the_title_says_how_it_ended(outcome: ConclusionKind, title: str) -> None:
    assert finding(chosen(), concluded(outcome=outcome)).title == title


def test_a_cause_that_nothing_backs_is_not_enough_evidence() -> None:
    bare = concluded().model_copy(update={"findings": ()})
    card = finding(chosen(), bare)
    assert card.title == "Not enough evidence"
    assert "take this as a lead" in text_of(card)


def test_f09_words_of_a_model_are_marked_as_such() -> None:
    model = finding(chosen(), concluded())
    rules = finding(chosen(by="planner"), concluded("planner"))
    for card, trust in ((model, "model"), (rules, "outside")):
        (words, *_) = [block for block in card.blocks if block.kind == "list"]
        assert [item.trust for item in words.items] == [trust]


def test_judging_is_one_click_right_after_a_conclusion() -> None:
    card = finding(chosen(), concluded())
    assert verbs(card) == ["judge"] * 4
    assert [one.value for one in card.controls] == ["right", "partly", "wrong", "not_an_incident"]
    judged = finding(chosen(), concluded(), ConclusionJudged(person="dana", verdict="right"))
    over = finding(chosen(), concluded(), IncidentResolved(reason="x"))
    assert (judged.controls, over.controls) == ((), ())
    assert judged.state == "judged right"


def test_an_answer_quotes_the_question_and_says_who_answered() -> None:
    card = answer(chosen("r2s1"), concluded(outcome="answered", question="<b>what</b> changed?"))
    assert card.title == "Answer to dana"
    assert card.state == "answered, by openai:gpt-x; not verified"
    quote = card.blocks[0]
    assert quote.kind == "list"
    assert (quote.title, quote.items[0].value, quote.items[0].trust) == (
        "dana asked", "<b>what</b> changed?", "outside",
    )  # fmt: skip
    assert "4,210 tokens in" in text_of(card)


def test_an_answer_is_not_judged_and_leaves_the_finding_as_it_was() -> None:
    told = concluded("planner", "answered", "<b>what</b> changed?")
    other = told.model_copy(update={"summary": "the answer"})
    card = answer(chosen("r2s1", by="planner"), other)
    assert card.controls == ()
    assert "rule-based; no model was used" in card.state
    asked = MessageReceived(person="d", text="?", conversation="web", question=True)
    before = cards_of(*beginning(), chosen(), concluded())["finding:r1"]
    after = cards_of(*beginning(), chosen(), concluded(), asked, chosen("r2s1"), other)
    ignored = {"version", "footer"}
    assert after["finding:r1"].model_dump(exclude=ignored) == before.model_dump(exclude=ignored)


def test_old_answers_are_not_drawn_for_ever() -> None:
    asked = MessageReceived(person="d", text="?", conversation="web", question=True)
    pairs = [(asked, concluded(outcome="answered", question="?")) for _ in range(30)]
    facts = [fact for pair in pairs for fact in pair]
    keys = [key for key in cards_of(*beginning(), concluded(), *facts) if "answer" in key]
    assert keys == [f"answer:{number}" for number in range(11, 31)]


@pytest.mark.parametrize(
    ("price", "words"),
    [(None, "price unknown"), (0, "$0.00"), (2100, "$0.0021"), (1_234_567, "$1.23")],
)
def test_a_price_is_told_in_dollars(price: int | None, words: str) -> None:
    assert price_words(price) == words
