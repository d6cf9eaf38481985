"""Which message comes next: nothing twice, decisions first, nothing for what is unchanged."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.cards import draw
from bot.conversation.plan import Move, card_version, plan
from bot.incident import facts_alerts
from bot.incident.card import Card
from bot.incident.fact import Fact
from bot.ports import Post
from tests.bot.conversation.situations import LOOK, beginning, concluded, state_of, whole_story
from tests.bot.incident.making import alert, approved, decided, proposed, received


def cards_of(*facts: Fact) -> tuple[Card, ...]:
    return draw(state_of(*facts), LOOK)


def posted(cards: tuple[Card, ...], *, edits: bool = True) -> dict[str, Post]:
    return {one.key: Post(one.key, f"m-{one.key}", card_version(one, edits=edits)) for one in cards}


def named(moves: list[Move]) -> list[tuple[str, str]]:
    return [(move.kind, move.key) for move in moves]


def test_the_root_opens_then_what_waits_for_humans_then_news() -> None:
    assert named(plan(cards_of(*whole_story()), {})) == [
        ("open", "root"),
        ("reply", "proposal:7F3KQ2AB:1"),
        ("reply", "proposal:9QQQQQQQ:1"),
        ("reply", "question:r1s3"),
        ("reply", "finding:r1"),
        ("reply", "result:7F3KQ2AB:1"),
        ("reply", "judge"),
    ]


def test_what_was_said_is_not_said_again() -> None:
    cards = cards_of(*whole_story())
    assert plan(cards, posted(cards)) == []


def test_the_footer_alone_is_no_reason_to_edit() -> None:
    opened = facts_alerts.ConversationOpened(channel="fake", address="a")
    before, after = cards_of(*beginning()), cards_of(*beginning(), opened)
    assert before[0].footer != after[0].footer
    assert plan(after, posted(before)) == []


def test_e24_every_card_is_edited_when_the_setting_is_switched() -> None:
    state = state_of(*whole_story())
    strict, lax = draw(state, LOOK), draw(state, replace(LOOK, chat_only_high=True))
    for before, after in ((strict, lax), (lax, strict)):
        edited = {move.key for move in plan(after, posted(before)) if move.kind == "update"}
        assert edited == {card.key for card in after}


def test_a31_a_decision_goes_before_state_and_narration() -> None:
    asked = proposed()
    before = cards_of(*beginning(), asked)
    after = cards_of(*beginning(), asked, concluded(), decided(asked), approved(asked))
    assert named(plan(after, posted(before))) == [
        ("update", "proposal:7F3KQ2AB:1"),
        ("update", "root"),
        ("reply", "finding:r1"),
    ]


def test_an_edit_names_the_message_it_replaces() -> None:
    before, after = cards_of(*beginning()), cards_of(*beginning(), concluded())
    (update,) = [move for move in plan(after, posted(before)) if move.kind == "update"]
    assert update.message_id == "m-root"


def test_e15_a_message_that_was_begun_is_looked_for_first() -> None:
    cards = cards_of(*beginning())
    (move,) = plan(cards, {"root": Post("root", "", "v1")})
    assert (move.kind, move.unsure) == ("open", True)
    (move,) = plan(cards, {"root": Post("root", "", "")})
    assert (move.kind, move.unsure) == ("open", False)


def test_a_card_that_was_refused_for_good_waits_until_it_changes() -> None:
    cards = cards_of(*beginning(), concluded())
    known = posted(cards)
    known["finding:r1"] = Post("finding:r1", "", f"!{card_version(cards[1])}")
    assert plan(cards, known) == []
    known["finding:r1"] = Post("finding:r1", "", "!another")
    (move,) = plan(cards, known)
    assert (move.kind, move.unsure) == ("reply", False)


def test_nothing_is_sent_to_a_place_that_was_never_opened() -> None:
    cards = cards_of(*whole_story())
    assert plan(cards, {"root": Post("root", "", f"!{card_version(cards[0])}")}) == []


def test_a_judgement_that_asks_nothing_is_not_posted_anew() -> None:
    over = facts_alerts.IncidentResolved(reason="every alert resolved")
    again = facts_alerts.IncidentReopened(reason="it fires again")
    cards = cards_of(*beginning(), over, again)
    assert "judge" in {card.key for card in cards}
    assert "judge" not in {move.key for move in plan(cards, {})}


def test_a_channel_without_edits_hears_a_change_of_state_once_as_a_new_message() -> None:
    asked = proposed()
    before = cards_of(*beginning(), asked)
    known = posted(before, edits=False)
    more = cards_of(*beginning(), asked, received(alert(fingerprint="z")))
    assert plan(more, known, edits=False) == []
    after = cards_of(*beginning(), asked, decided(asked), approved(asked))
    moves = plan(after, known, edits=False)
    assert {move.kind for move in moves} == {"reply"}
    assert {move.card.key for move in moves} == {"root", "proposal:7F3KQ2AB:1"}
    known |= {move.key: Post(move.key, "m", move.version) for move in moves}
    assert plan(after, known, edits=False) == []


@given(st.data())
def test_whatever_was_posted_before_two_rounds_say_everything_once(data: st.DataObject) -> None:
    story = whole_story()
    cut = data.draw(st.integers(1, len(story)))
    cards = cards_of(*story[:cut])
    known = posted(cards)
    for key in data.draw(st.sets(st.sampled_from(sorted(known)))):
        del known[key]
    moves = plan(cards_of(*story), known)
    assert len({move.key for move in moves}) == len(moves)
    known |= {one.key: Post(one.key, one.message_id or "m", one.version) for one in moves}
    assert plan(cards_of(*story), known) == []
