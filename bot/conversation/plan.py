"""What to say next in one conversation: cards against what was posted, most urgent first. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.incident.card import Card
from bot.incident.stepup import FOOTER
from bot.ports import Post

ROOT = "root"
GIVEN_UP = "!"
"""Begins the version of a card that the channel refused for good: not sent again as it is."""
VERSION_CHARS = 16

MoveKind = Literal["open", "reply", "update"]
RANKS: dict[tuple[MoveKind, str], int] = {
    ("open", "root"): 0,
    ("update", "proposal"): 1,
    ("reply", "proposal"): 2,
    ("update", "question"): 3,
    ("reply", "question"): 3,
    ("update", "root"): 4,
    ("reply", "root"): 4,
}
NARRATION = 5
"""Decisions, then proposals and questions, then state, then narration (A-31)."""
CALLING = ("call:", "handoff:")
"""How the keys of cards begin that call somebody by name; they go with the questions."""


@dataclass(frozen=True, slots=True)
class Move:
    """One message to send. `key` names the post, `version` what of the card it would show.

    `message_id` is the message to edit. `unsure`: an earlier try may have been posted, look first.
    """

    kind: MoveKind
    key: str
    version: str
    card: Card
    message_id: str = ""
    unsure: bool = False


def plan(cards: Sequence[Card], posts: Mapping[str, Post], *, edits: bool = True) -> list[Move]:
    """Return the moves that bring a conversation up to `cards`, in the order to make them.

    Empty when everything was said, or when the channel refused the root card for good. Without
    `edits` only a change of a card's state line is said, as a message of its own.
    """
    moves = [move for card in cards if (move := _move(card, posts, edits=edits)) is not None]
    moves.sort(key=_rank)
    root = posts.get(ROOT)
    opened = root is not None and bool(root.message_id)
    return moves if opened or (moves and moves[0].kind == "open") else []


def _rank(move: Move) -> int:
    if move.key.startswith(CALLING):
        return RANKS["reply", "question"]
    return RANKS.get((move.kind, move.card.kind), NARRATION)


def _move(card: Card, posts: Mapping[str, Post], *, edits: bool) -> Move | None:
    version, key = card_version(card, edits=edits), card.key
    post = posts.get(key)
    if post is not None and post.message_id and not edits and post.version != version:
        key = f"{key}={version}"
        post = posts.get(key)
    if post is None:
        asks_nothing = key == "judge" and not card.controls
        return None if asks_nothing else Move(_first(key), key, version, card)
    if post.version == f"{GIVEN_UP}{version}":
        return None
    if not post.message_id:
        unsure = bool(post.version) and not post.version.startswith(GIVEN_UP)
        return Move(_first(key), key, version, card, unsure=unsure)
    if post.version == version:
        return None
    return Move("update", key, version, card, message_id=post.message_id)


def _first(key: str) -> MoveKind:
    return "open" if key == ROOT else "reply"


def card_version(card: Card, *, edits: bool = True) -> str:
    """Return a short hash of what a reader would see; the footer's seq alone is no reason to edit.

    That high risk is accepted from chat alone is one (E-24).

    A channel without edits is told anew only when the state line or the severity changes.
    """
    if edits:
        seen = card.model_dump(mode="python", exclude={"version", "footer"})
        if FOOTER in card.footer:
            seen["footer"] = FOOTER
    else:
        seen = {"state": card.state, "severity": card.severity}
    raw = json.dumps(seen, default=str, sort_keys=True).encode()
    return hashlib.sha256(raw).hexdigest()[:VERSION_CHARS]
