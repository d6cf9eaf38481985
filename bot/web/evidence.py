"""What an evidence page shows of a stored result: text as it is, JSON indented, the rest named."""

import json

from bot.conversation.phrases import clip
from bot.ports import Evidence

SHOWN_CHARS = 200_000


def shown_evidence(evidence: Evidence) -> str:
    """Return the body as text; a stub after retention, or a word for what is no text."""
    if evidence.deleted_at is not None:
        return ""
    try:
        text = evidence.body.decode()
    except UnicodeDecodeError:
        return f"{len(evidence.body)} bytes that are not text"
    if "json" in evidence.media_type:
        text = _indented(text)
    return clip(text, SHOWN_CHARS)


def _indented(text: str) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text
