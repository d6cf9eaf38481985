"""Calls and handovers on cards: names rendered by code, and only while they are still wanted."""

from dataclasses import replace

import pytest

from bot.conversation.cards import draw
from bot.conversation.look import Terms
from bot.conversation.plan import card_version, plan
from bot.incident import facts_action as act
from bot.incident import facts_alerts as al
from bot.incident.card import Card
from bot.incident.events import Event
from bot.incident.fact import Fact
from bot.incident.reducer import fold
from bot.ports import Post
from tests.bot.conversation.scene import INCIDENT, Scene
from tests.bot.conversation.situations import (
    LOOK,
    asked_question,
    beginning,
    concluded,
    facts_shown,
    state_of,
    text_of,
)
from tests.bot.incident.making import alert, approved, at, decided, proposed, received

ACCOUNTS = {"dana": ("slack:T1/U1", "web:dana"), "eve": ("discord:7",)}
PEOPLE = replace(LOOK, actors=ACCOUNTS)
ASKED = proposed()
P = ASKED.proposal.id
REMINDED = act.ProposalReminded(proposal=P, to=("dana", "max"))
LEVEL_2 = al.IncidentEscalated(
    level=2, to="eve", persons=("eve",), why=f"nobody decided on P-{P}", about=P
)
NOBODY_ACKED = al.IncidentEscalated(
    level=1, to="dana", persons=("dana",), why="nobody acknowledged it"
)
ASKS_EVE = al.IncidentHandedOff(to="eve", accepted=False, person="dana", note="it is the database")


def notices(*facts: Fact) -> list[Card]:
    """The cards that call somebody, in order."""
    return [
        card
        for card in draw(state_of(*beginning(), *facts), PEOPLE)
        if card.key.startswith(("call:", "handoff:"))
    ]


def test_g51_a_reminder_names_whom_it_calls_and_what_waits() -> None:
    (card,) = notices(ASKED, REMINDED)
    assert card.title == f"P-{P} waits for a decision"
    assert card.mentions == ("slack:T1/U1", "web:dana")
    assert card.fallback.endswith(f"P-{P} waits for a decision; called: dana, max")
    assert "Roll back checkout to v41" in text_of(card)
    assert "Called: dana, max" in text_of(card)
    assert card.links[0].url == f"https://bot.example/proposals/{P}"
    assert card.controls == ()


def test_g51_each_level_has_a_card_of_its_own_and_says_why() -> None:
    first, second = notices(ASKED, REMINDED, LEVEL_2)
    assert first.key != second.key
    assert second.mentions == ("discord:7",)
    assert second.state == "level 2 called"
    assert f"Because nobody decided on P-{P}." in text_of(second)


@pytest.mark.parametrize(
    "end",
    [[decided(ASKED), approved(ASKED)], [act.ProposalExpired(proposal=P, digest=ASKED.digest)]],
    ids=["approved", "expired"],
)
def test_a_call_that_was_answered_is_not_drawn_any_more(end: list[Fact]) -> None:
    assert notices(ASKED, REMINDED, LEVEL_2, *end) == []


def test_an_answered_question_calls_nobody() -> None:
    asked, reminded = asked_question(), al.QuestionReminded(id="r1s3", to=("dana",))
    (card,) = notices(asked, reminded)
    assert card.mentions == ("slack:T1/U1", "web:dana")
    assert "answer INC-1 YOUR WORDS" in text_of(card)
    answer = al.QuestionAnswered(id="r1s3", person="dana", value="no")
    assert notices(asked, reminded, answer) == []


def test_g50_what_nobody_acknowledged_can_be_from_the_card() -> None:
    (card,) = notices(NOBODY_ACKED)
    assert [one.verb for one in card.controls] == ["ack", "snooze", "escalate", "handoff"]
    assert notices(NOBODY_ACKED, al.IncidentAcked(person="dana")) == []


def test_g51_quiet_hours_and_nobody_are_said_plainly() -> None:
    quiet = NOBODY_ACKED.model_copy(update={"persons": (), "to": "nobody", "quiet": ("max",)})
    (card,) = notices(quiet)
    assert "Called: nobody (quiet hours: max)" in text_of(card)
    assert card.mentions == ()
    lost = NOBODY_ACKED.model_copy(update={"persons": (), "to": "nobody", "last": True})
    (card,) = notices(lost)
    assert "Called: nobody: nobody is on call" in text_of(card)
    assert "Name somebody for checkout in people.yaml" in text_of(card)
    assert "escalate" not in [one.verb for one in card.controls]


def test_g51_a_handover_carries_what_is_found_and_what_is_open() -> None:
    acked = al.IncidentAcked(person="dana")
    (card,) = notices(concluded(), ASKED, asked_question(), acked, ASKS_EVE)
    text = text_of(card)
    assert card.mentions == ("discord:7",)
    assert card.title == "eve, asked to take over"
    assert "Asked by dana; until then dana takes care." in text
    assert "it is the database" in text
    assert "v42 broke it" in text
    assert f"P-{P} waits until 5 Jan 03:30:10 UTC: Roll back checkout to v41" in text
    assert "question: " in text
    assert "CheckoutErrorRateHigh" in text
    assert [(one.verb, one.label) for one in card.controls] == [("ack", "Accept")]


def test_g51_a_handover_is_said_twice_at_most_and_ends_when_accepted() -> None:
    again = ASKS_EVE.model_copy(update={"reminded": True})
    first, second = notices(ASKS_EVE, again)
    assert (first.key, second.key) == ("handoff:4", "handoff:4:again")
    assert second.title == "eve, still asked to take over"
    accepted = ASKS_EVE.model_copy(update={"accepted": True, "person": "eve"})
    assert notices(ASKS_EVE, again, accepted) == []


def test_the_root_card_says_who_takes_care() -> None:
    acked = al.IncidentAcked(person="dana")
    snoozed = al.IncidentSnoozed(person="dana", until=at(5400))
    root = draw(state_of(*beginning(), NOBODY_ACKED, acked, snoozed, ASKS_EVE), PEOPLE)[0]
    shown = facts_shown(root)
    assert shown["Acknowledged by"] == "dana, 5 Jan 03:00:04 UTC"
    assert shown["Handover"] == "eve is asked to take over and has not accepted"
    assert shown["Escalated to"] == "level 1: dana"
    assert shown["Snoozed"] == "no reminders until 5 Jan 04:30:00 UTC"
    assert "ack" not in [one.verb for one in root.controls]


def test_g51_a_proposals_card_calls_the_approvers_on_call_until_it_is_decided() -> None:
    terms = Terms("group:sre", 1, on_call=("dana",), quiet=("max",))
    look = replace(PEOPLE, terms={P: terms})
    facts: list[Fact] = [*beginning(), ASKED]

    def card(*more: Fact) -> Card:
        events = [
            Event("INC-1", n, at(n), "t:t", fact) for n, fact in enumerate([*facts, *more], 1)
        ]
        return next(one for one in draw(fold(events), look) if one.kind == "proposal")

    assert facts_shown(card())["On call"] == "dana (max: quiet hours)"
    assert card().mentions == ("slack:T1/U1", "web:dana")
    done = card(decided(ASKED), approved(ASKED))
    assert "On call" not in facts_shown(done)
    assert done.mentions == ()


async def test_each_call_is_posted_once_over_a_restart_and_never_late() -> None:
    scene = Scene(*beginning(), ASKED, REMINDED)
    await scene.settle()
    scene.restarted()
    scene.log.add(INCIDENT, LEVEL_2, received(alert(fingerprint="a3"), delivery="d9"))
    await scene.settle()
    calls = [key for key in scene.said() if "call:" in key]
    assert len(calls) == len(set(calls)) == 2
    scene.log.add(INCIDENT, decided(ASKED), approved(ASKED))
    await scene.settle()
    assert [key for key in scene.said() if "call:" in key] == calls

    late = Scene(*beginning(), ASKED, REMINDED, LEVEL_2, decided(ASKED), approved(ASKED))
    await late.settle()
    assert [key for key in late.said() if "call:" in key] == []


def test_a31_a_call_goes_before_the_news() -> None:
    state = state_of(*beginning(), concluded(), ASKED, REMINDED)
    cards = draw(state, PEOPLE)
    root = Post("root", "m1", card_version(cards[0]))
    kinds = [move.key.partition(":")[0] for move in plan(cards, {"root": root})]
    assert kinds == ["proposal", "call", "finding"]
