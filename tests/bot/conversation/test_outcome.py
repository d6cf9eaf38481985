"""What became of a proposal, as its own card and the result's tell it."""

import pytest

from bot.conversation.look import Look, Terms
from bot.conversation.shown import card_texts
from bot.incident import facts_action
from bot.incident.fact import Fact
from bot.incident.facts_alerts import IncidentResolved
from tests.bot.conversation.situations import card_of, done, finished, verbs
from tests.bot.incident.making import approved, decided, proposal, proposed, started


def test_a24_a_decision_takes_the_buttons_away_and_names_who_and_when() -> None:
    asked = proposed()
    card = card_of(asked, decided(asked), approved(asked))
    assert card.state == f"Approved by dana · 5 Jan 03:00:04 UTC · hash {asked.digest[:12]}"
    assert card.controls == ()
    denied = facts_action.ProposalDenied(
        proposal="7F3KQ2AB", digest=asked.digest, reason="not during the sale"
    )
    card = card_of(asked, decided(asked, "deny"), denied)
    assert card.state.startswith("Denied by dana · ")
    assert card.controls == ()
    assert "reason: not during the sale" in card_texts(card)


def test_a_partial_quorum_keeps_the_buttons() -> None:
    asked = proposed(proposal(risk="high"))
    look = Look(terms={"7F3KQ2AB": Terms("group:sre", 2)})
    card = card_of(asked, decided(asked), look=look)
    assert card.state == "waits for a decision; approved so far by dana"
    assert verbs(card) == ["approve", "deny", "edit", "details"]
    assert ("Approvals", "1 of 2 (dana)") in [(one.label, one.text.value) for one in card.facts]


def test_running_then_done_then_checked_then_undone() -> None:
    asked = proposed()
    before = [asked, decided(asked), approved(asked), started(asked)]
    assert card_of(*before).state == "running now"
    card = card_of(*before, finished())
    assert (card.state, verbs(card)) == ("done, 0 of 2 checks passed", ["undo"])
    assert "rolled back to v41" in card_texts(card)
    passed = facts_action.ActionVerified(
        proposal="7F3KQ2AB", digest=asked.digest, n=0, evidence="a" * 16, summary="healthy"
    )
    card = card_of(*before, finished(), passed)
    assert card.state == "done, 1 of 2 checks passed"
    assert "check 1 passed: healthy" in card_texts(card)
    worse = facts_action.ActionRegressed(
        proposal="7F3KQ2AB", digest=asked.digest, n=1, evidence="a" * 16, why="errors again"
    )
    card = card_of(*before, finished(), passed, worse)
    assert card.state == "done, but a check failed afterwards"
    assert "a check failed: errors again" in card_texts(card)
    undone = facts_action.ActionUndone(proposal="7F3KQ2AB", by="OTHER")
    assert verbs(card_of(*before, finished(), undone)) == []


def test_an_unknown_outcome_asks_what_was_seen() -> None:
    asked = proposed()
    lost = facts_action.ActionUnknown(attempt="7F3KQ2AB-1", why="no answer in time")
    card = card_of(asked, decided(asked), approved(asked), started(asked), lost)
    assert [(one.verb, one.value, one.label) for one in card.controls] == [
        ("reconcile", "worked", "It worked"),
        ("reconcile", "failed", "It did not"),
    ]
    assert "It is not repeated." in "\n".join(card_texts(card))


@pytest.mark.parametrize(
    ("fact", "state"),
    [
        (facts_action.ProposalWithdrawn, "withdrawn: it resolved"),
        (facts_action.ProposalSuperseded, "superseded: it resolved"),
    ],
)
def test_what_no_longer_stands_has_no_controls(fact: type[Fact], state: str) -> None:
    asked = proposed()
    fields = {"proposal": "7F3KQ2AB", "digest": asked.digest, "why": "it resolved"}
    known = {name: value for name, value in fields.items() if name in fact.model_fields}
    card = card_of(asked, fact.model_validate(known))
    assert (card.state, card.controls) == (state, ())


def test_a_result_is_news_without_controls() -> None:
    card = card_of(*done()[3:], key="result:7F3KQ2AB:1")
    assert card.controls == ()
    assert "rolled back to v41" in card_texts(card)
    failed = [*done()[3:-1], finished(ok=False)]
    assert card_of(*failed, key="result:7F3KQ2AB:1").state == "failed"


def test_d10_a_link_of_the_target_is_clickable_only_when_its_host_is_allowed() -> None:
    linked = finished().model_copy(update={"link": "https://ci.example/run/7"})
    facts = [*done()[3:-1], linked]
    outside = "https://ci.example/run/7"
    assert outside not in [link.url for link in card_of(*facts).links]
    assert outside in card_texts(card_of(*facts))
    allowed = Look(hosts=frozenset({"ci.example"}))
    assert outside in [link.url for link in card_of(*facts, look=allowed).links]


def test_e13_what_expired_offers_one_button_while_it_may_still_be_needed() -> None:
    asked = proposed()
    over = facts_action.ProposalExpired(proposal="7F3KQ2AB", digest=asked.digest)
    card = card_of(asked, over)
    assert card.state == "expired: nobody decided in time"
    assert [(one.verb, one.label) for one in card.controls] == [("renew", "Propose again")]
    again = proposed(proposal("8QQQQQQQ"))
    assert verbs(card_of(asked, over, again)) == []
    assert verbs(card_of(asked, over, IncidentResolved(reason="every alert resolved"))) == []
