"""The digest of a proposal's card as it was put before a person (E-42). Pure.

All that it showed is in it, labelled as it was; what the surface puts around it (version, controls,
footer) is not.
"""

import hashlib

from bot.incident.card import Card
from bot.incident.proposal import canonical

PREFIX = b"triage-card-v1\0"


def render_digest(card: Card) -> str:
    """Return the SHA-256 in hex; drawn again from the same events it is the same."""
    drawn = card.model_dump(mode="json", include={"key", "title", "facts", "blocks"})
    return hashlib.sha256(PREFIX + canonical(drawn)).hexdigest()
