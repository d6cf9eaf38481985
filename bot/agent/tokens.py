"""How many tokens a text will be, for any tokenizer, and how sure that is. Pure."""

import math
import re
from collections.abc import Sequence

PRIOR_RATIO = 1.3
"""Times `safe`, before enough replies said better; wasteful on purpose."""
SAMPLES_LEAST = 5
SAMPLES_MOST = 50
RATIO_LEAST, RATIO_MOST = 0.5, 4.0
"""Beyond these a report is a mistake, not a tokenizer."""

_PIECE = re.compile(
    r"(?P<long>[A-Za-z0-9+/_=-]{16,})|(?P<word>[A-Za-z]+)|(?P<digits>\d+)"
    r"|(?P<other>[^\x00-\x7f])|\n+|[ \t]{2,}|[^\sA-Za-z\d]",
    re.ASCII,
)
_MIXED = re.compile(r"(?=[^A-Za-z]*[A-Za-z])[^\d]*\d")


def safe(text: str) -> int:
    """Return an estimate that seldom is too low: times the model's ratio it is its tokens.

    Ids and hashes are dear, digits count one each, words of five letters one token. 0 for no text.
    """
    return -(-milli(text) // 1000)


def milli(text: str) -> int:
    """Return the estimate in thousandths, so that sums are exact.

    Of two texts, the first of which ends and the second of which does not begin with a line end,
    it is the sum of both.
    """
    total = 0
    for found in _PIECE.finditer(text):
        length = found.end() - found.start()
        match found.lastgroup:
            case "word":
                total += 1000 if length <= 5 else 250 * length
            case "digits":
                total += 1000 * length
            case "other":
                total += 1200
            case "long":
                mixed = _MIXED.match(text, found.start(), found.end())
                total += length * 10_000 // 13 if mixed else length * 1000 // 3
            case _:
                total += 850
    return total


def ratio_of(ratios: Sequence[float]) -> float:
    """Return by what to multiply `safe`, of reported ÷ estimated tokens, newest first.

    1.3 before five of them are known, else what 95 of 100 of the newest 50 did not exceed, within
    0.5 and 4. What is no positive number counts for nothing.
    """
    known = sorted(one for one in ratios[:SAMPLES_MOST] if math.isfinite(one) and one > 0)
    if len(known) < SAMPLES_LEAST:
        return PRIOR_RATIO
    highest = known[math.ceil(0.95 * len(known)) - 1]
    return min(max(highest, RATIO_LEAST), RATIO_MOST)
