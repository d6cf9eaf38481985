"""Makes a prompt fit its share of the window, and writes the receipt of what was left out. Pure.

No model is asked what to leave out: each part of a prompt brings its smaller forms, `Cut` says in
which order they are taken, and the first order that fits is sent. So the same thread and the same
window always give the same bytes, and what was taken away is told.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from bot.agent.exchange import ModelError
from bot.agent.tokens import milli
from bot.incident.facts_run import LeftOut

SHARE = 0.40
FRAME_TOKENS = 50
"""What a provider adds around a request."""
ASSUMED_TOKENS = 8192
"""The window of a model that nobody knows the window of."""


class Cut(IntEnum):
    """What is given up first; within one kind the oldest, or the least alike, or the last.

    Up to `RUNBOOK_REST` it is what can be read again or matters least. After it even the newest
    is shortened. What has no cut is always sent: that the alert fires, the question, the newest
    result, where each proposal stands, and why the last reply was refused.
    """

    OLD_RESULT = 1
    SIMILAR = 2
    OLD_MESSAGE = 3
    RUNBOOK = 4
    FURTHER_ALERT = 5
    CHANGE = 6
    INVENTORY = 7
    RUNBOOK_REST = 8
    OLD_STUB = 9
    MESSAGE = 10
    SUGGESTION = 11
    ANSWER = 12
    NEW_RESULT = 13
    PROPOSAL = 14
    STANDING = 15
    MISSING = 16
    NEW_CHANGE = 17
    SERVICE = 18
    ALERT = 19
    QUESTION = 20
    NEW_STUB = 21


class NoRoomError(ModelError):
    """Not even the smallest prompt fits the share of the window; the planner has to choose."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "refused")


@dataclass(frozen=True, slots=True)
class Room:
    """How large a prompt may be.

    `window_tokens` 0: the model's window is not known, and 8192 are assumed. `ratio` is its tokens
    by one of `tokens.safe`, `share` the part of the window that is used before sending.
    """

    window_tokens: int
    ratio: float
    share: float = SHARE

    @property
    def most_tokens(self) -> float:
        """Tokens of the model that a request may have."""
        return self.share * (self.window_tokens or ASSUMED_TOKENS)

    def expected(self, estimated_tokens: int) -> int:
        """Return the tokens of the model that so many of the estimator's will be, with frame."""
        return math.ceil(estimated_tokens * self.ratio) + FRAME_TOKENS

    def has(self, estimated_tokens: int) -> bool:
        """True when a request of so many tokens, by the estimator, may be sent."""
        return self.expected(estimated_tokens) <= self.most_tokens


@dataclass(frozen=True, slots=True)
class Smaller:
    """A smaller form of a part: when it is taken (`place` orders those of one cut), and what it is.

    `left` is all that is missing then, since the whole one. `text` is "" or ends with a line end.
    """

    cut: Cut
    place: int
    text: str
    left: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a prompt; `smaller` are its forms, each smaller and taken later than the last."""

    text: str
    smaller: tuple[Smaller, ...] = ()
    zone: Literal["stable", "volatile"] = "volatile"


@dataclass(frozen=True, slots=True)
class Fitted:
    """What is sent. `estimated_tokens` count all of the request, before any ratio."""

    stable: str
    volatile: str
    estimated_tokens: int
    left_out: tuple[LeftOut, ...]


def fit_window(parts: Sequence[Piece], fixed_milli: int, room: Room) -> Fitted:
    """Return the parts in their order, as whole as there is room; `fixed_milli` is not theirs.

    Raises:
        NoRoomError: They do not fit, however small.
    """
    taken: list[Smaller | None] = [None] * len(parts)
    sizes = [milli(part.text) for part in parts]
    total = fixed_milli + sum(sizes)
    for index, form in _in_order(parts):
        if room.has(_tokens(total)):
            break
        size = milli(form.text)
        if size < sizes[index]:
            total += size - sizes[index]
            taken[index], sizes[index] = form, size
    if not room.has(_tokens(total)):
        raise NoRoomError(_no_room(room, _tokens(total), _tokens(fixed_milli)))
    texts: dict[str, list[str]] = {"stable": [], "volatile": []}
    for part, form in zip(parts, taken, strict=True):
        texts[part.zone].append(part.text if form is None else form.text)
    left = (one for form in taken if form is not None for one in form.left)
    return Fitted(
        "".join(texts["stable"]), "".join(texts["volatile"]), _tokens(total), tuple(summed(left))
    )


def summed(left: Iterable[LeftOut]) -> Iterator[LeftOut]:
    """Yield what was left out, what can be read somewhere as it is, the rest counted by kind."""
    counted = Counter[str]()
    for one in left:
        if one.evidence:
            yield one
        else:
            counted[one.what] += 1
    for what, times in counted.items():
        yield LeftOut(what=what if times == 1 else f"{what} ({times} times)")


def _in_order(parts: Sequence[Piece]) -> list[tuple[int, Smaller]]:
    forms = [(index, form) for index, part in enumerate(parts) for form in part.smaller]
    return sorted(forms, key=lambda one: (one[1].cut, one[1].place))


def _tokens(thousandths: int) -> int:
    return -(-thousandths // 1000)


def _no_room(room: Room, smallest: int, fixed: int) -> str:
    known = room.window_tokens
    window = f"{known} tokens" if known else f"unknown, so {ASSUMED_TOKENS} tokens are assumed"
    return (
        f"the smallest prompt is about {room.expected(smallest)} tokens, of which the instructions "
        f"and the answer's schema are {room.expected(fixed)}, and only {int(room.most_tokens)} may "
        f"be used of the model's window ({window}); set LLM_WINDOW_TOKENS, take a model with a "
        "larger window, or give the specialist fewer tools"
    )
