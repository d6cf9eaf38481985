"""Fitting a card to what a channel can show: prose goes first, and approving goes with the rest."""

from bot.conversation.phrases import clip
from bot.conversation.proposal_card import REASONING
from bot.conversation.shown import card_texts
from bot.incident.card import Block, Card, Code, Control, Items, Text
from bot.ports import Limits

LEFT_OUT = "The rest does not fit here; open the full view."
NO_APPROVAL = "Not everything that would run fits here: open the full view to approve it."
SHORT_CHARS = 200
"""What is kept of a block that has to be shortened."""


def fit(card: Card, limits: Limits) -> Card:
    """Return the card within `limits`; the same card when it fits already.

    Text that decides nothing (reasoning, evidence) is shortened first, from the end. When a
    proposal's trusted text has to be shortened too, it loses its approve control (E-03).
    """
    if _fits(card, limits):
        return card
    prose, trusted = _split(card)
    card = card.model_copy(update={"blocks": (*trusted, *(_shortened(block) for block in prose))})
    if _fits(card, limits):
        return card
    if prose:
        card = card.model_copy(update={"blocks": trusted})
        if _fits(card, limits):
            return card
    return _cut(card, limits)


def _size(card: Card) -> int:
    return len(card.title) + len(card.state) + len(card.footer) + sum(map(len, card_texts(card)))


def _fits(card: Card, limits: Limits) -> bool:
    """True when nothing is over; 0 is no limit."""
    return all(
        not most or actual <= most
        for actual, most in (
            (_size(card), limits.text_chars),
            (len(card.blocks), limits.blocks),
            (len(card.controls), limits.controls),
        )
    )


def _split(card: Card) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """Return (prose, the rest): on a proposal only the reasoning, elsewhere nothing is sacred."""
    prose = tuple(b for b in card.blocks if isinstance(b, Items) and b.title == REASONING)
    return prose, tuple(block for block in card.blocks if block not in prose)


def _shortened(block: Block) -> Block:
    match block:
        case Text() | Code():
            return block.model_copy(update={"value": clip(block.value, SHORT_CHARS)})
        case Items(items=items):
            kept = [item.model_copy(update={"value": clip(item.value, SHORT_CHARS)})
                    for item in items[:3]]  # fmt: skip
            if len(items) > 3:
                kept.append(Text(value=f"and {len(items) - 3} more"))
            return block.model_copy(update={"items": tuple(kept)})
        case _:
            return block


def _cut(card: Card, limits: Limits) -> Card:
    """Shorten from the last block on, then leave blocks out, and say so."""
    approvable = any(control.verb == "approve" for control in card.controls)
    told = Text(value=NO_APPROVAL if approvable else LEFT_OUT)
    controls = _fewer(card.controls, limits.controls)
    if approvable and not _shows_all(card, limits):
        controls = tuple(one for one in controls if one.verb not in {"approve", "edit"})
    blocks = list(card.blocks)
    fitted = card.model_copy(update={"controls": controls})
    if _fits(fitted, limits):
        return fitted
    for place in reversed(range(len(blocks))):
        blocks[place] = _shortened(blocks[place])
        fitted = fitted.model_copy(update={"blocks": (told, *blocks)})
        if _fits(fitted, limits):
            return fitted
    while blocks and not _fits(fitted, limits):
        blocks.pop()
        fitted = fitted.model_copy(update={"blocks": (told, *blocks)})
    facts = list(fitted.facts)
    while facts and not _fits(fitted, limits):
        facts.pop()
        fitted = fitted.model_copy(update={"facts": tuple(facts)})
    return fitted


def _shows_all(card: Card, limits: Limits) -> bool:
    return _fits(card.model_copy(update={"controls": ()}), limits)


def _fewer(controls: tuple[Control, ...], most: int) -> tuple[Control, ...]:
    return controls[:most] if most else controls
