"""A card on a small channel: what decides is shown whole, or it cannot be approved there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.conversation.cards import draw
from bot.conversation.fit import LEFT_OUT, NO_APPROVAL, fit
from bot.conversation.phrases import clip
from bot.conversation.proposal_card import REASONING
from bot.conversation.shown import card_texts
from bot.incident.card import Card, Items
from bot.ports import Limits
from tests.bot.conversation.situations import LOOK, beginning, state_of, whole_story
from tests.bot.incident.making import proposal, proposed

LONG: dict[str, JsonValue] = {"query": "x" * 5000, "version": "v41"}


def asked_for(args: dict[str, JsonValue], reason: str = "because") -> Card:
    asked = proposed(proposal(args=args), reason)
    return draw(state_of(*beginning(), asked), LOOK)[1]


def verbs(card: Card) -> list[str]:
    return [control.verb for control in card.controls]


def size(card: Card) -> int:
    return sum(map(len, card_texts(card)))


def test_a_card_that_fits_is_left_alone() -> None:
    card = asked_for({"version": "v41"})
    assert fit(card, Limits()) is card
    assert fit(card, Limits(text_chars=10_000, blocks=50, controls=25)) is card


def test_prose_goes_first_and_approving_stays() -> None:
    card = asked_for({"version": "v41"}, "word " * 1000)
    fitted = fit(card, Limits(text_chars=1800))
    assert "approve" in verbs(fitted)
    (reason,) = [b for b in fitted.blocks if isinstance(b, Items) and b.title == REASONING]
    assert len(reason.items[0].value) <= 200
    assert fitted.blocks[:-1] == card.blocks[:-1]


def test_prose_that_does_not_fit_at_all_is_left_out() -> None:
    card = asked_for({"version": "v41"}, "word " * 1000)
    room = size(card.model_copy(update={"blocks": card.blocks[:-1]})) + 150
    fitted = fit(card, Limits(text_chars=room))
    assert "approve" in verbs(fitted)
    assert fitted.blocks == card.blocks[:-1]


def test_e03_a_parameter_that_does_not_fit_costs_the_approval() -> None:
    fitted = fit(asked_for(LONG), Limits(text_chars=3000))
    assert verbs(fitted) == ["deny", "details"]
    assert size(fitted) <= 3000
    assert NO_APPROVAL in card_texts(fitted)
    assert any("proposals/7F3KQ2AB" in link.url for link in fitted.links)


def test_e03_too_many_blocks_cost_the_approval() -> None:
    fitted = fit(asked_for({"version": "v41"}), Limits(blocks=4))
    assert len(fitted.blocks) <= 4
    assert "approve" not in verbs(fitted)


def test_a_root_card_that_is_cut_says_so() -> None:
    root = draw(state_of(*whole_story()), LOOK)[0]
    fitted = fit(root, Limits(blocks=2))
    assert len(fitted.blocks) <= 2
    assert LEFT_OUT in card_texts(fitted)


def test_a_very_small_channel_gets_what_fits_of_the_facts() -> None:
    fitted = fit(asked_for(LONG), Limits(text_chars=300))
    assert size(fitted) <= 300
    assert 0 < len(fitted.facts) < 11
    assert "approve" not in verbs(fitted)


def test_more_controls_than_a_channel_has_are_left_out_from_the_end() -> None:
    card = draw(state_of(*whole_story()), LOOK)[-1]
    assert len(card.controls) == 4
    assert [one.value for one in fit(card, Limits(controls=2)).controls] == ["right", "partly"]


@given(
    limits=st.builds(
        Limits,
        text_chars=st.integers(900, 6000),
        blocks=st.integers(1, 12),
        controls=st.integers(0, 4),
    ),
    args=st.dictionaries(st.text("ab", min_size=1), st.text("xyz \n", max_size=900), max_size=5),
)
def test_e03_within_any_limits_all_is_shown_or_nothing_is_approved(
    limits: Limits, args: dict[str, JsonValue]
) -> None:
    fitted = fit(asked_for(args), limits)
    assert size(fitted) <= limits.text_chars
    assert len(fitted.blocks) <= limits.blocks
    assert not limits.controls or len(fitted.controls) <= limits.controls
    shown = card_texts(fitted)
    whole = all(any(str(leaf) in text for text in shown) for leaf in args.values())
    assert whole or "approve" not in verbs(fitted)


@pytest.mark.parametrize("most", range(1, 60))
def test_a16_clipping_counts_what_it_leaves_out_and_cuts_no_escape(most: int) -> None:
    text = "abc ⟨U+202E⟩ def \u2039secret:aws_key#1\u203a ghi" + "j" * 40
    cut = clip(text, most)
    assert len(cut) <= most
    kept, mark, _ = cut.partition("… (+")
    if mark:
        assert text.startswith(kept)
        assert kept.count("⟨") == kept.count("⟩")
        assert kept.count("\u2039") == kept.count("\u203a")


def test_a16_short_text_is_not_touched() -> None:
    assert clip("abc", 3) == "abc"
    assert clip("a" * 100, 50) == "a" * 31 + "… (+69 characters)"
