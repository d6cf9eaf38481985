"""Text in which nothing hides: every character that cannot be seen is spelled out. Pure."""

import re

UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
"""Controls, bidi overrides, zero-width and other characters that would show something else."""


def legible(text: str) -> str:
    """Return the text with every unseen character as `⟨U+202E⟩`; line ends and tabs stay."""
    return UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
