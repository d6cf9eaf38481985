"""The words of monitoring systems for a status and a severity, in ours."""

import re
from typing import Literal

from bot.incident.model import Severity

Status = Literal["firing", "resolved"]
NO_NEWS = "no_news"
"""What a status word means that tells of an alert only that somebody touched it."""

_find_words = re.compile(r"[a-z]+[0-9]?").findall
_RESOLVED = frozenset(
    _find_words(
        "resolved resolve ok okay closed close recovered recovery recover healthy up normal "
        "cleared clear inactive success successful succeeded passed passing fixed green ended done"
    )
)
_NO_NEWS = frozenset(
    _find_words(
        "acknowledged acknowledge ack acked unacknowledged snoozed silenced muted suppressed "
        "assigned reassigned commented annotated"
    )
)
_NEGATIONS = frozenset({"no", "not", "un"})
_SEVERITIES: dict[Severity, str] = {
    "critical": "critical crit fatal disaster emergency emerg panic blocker severe p1 sev0 page",
    "high": "high error err major urgent p2 sev1",
    "warning": "warning warn average medium moderate minor degraded p3 sev2 ticket",
    "info": "info informational information notice low lowest ok okay debug p4 p5 sev3 sev4",
}
_BY_WORD: dict[str, Severity] = {
    word: severity for severity, words in _SEVERITIES.items() for word in words.split()
}
_MAX_CHARS = 64


def severity_of(word: str) -> Severity:
    """Return what a word such as `CRITICAL`, `P1 - Critical` or `sev-2` means; else unknown."""
    found = _BY_WORD.get(word)
    if found is not None or not word:
        return found or "unknown"
    plain = word[:_MAX_CHARS].lower()
    whole = re.sub(r"[\s_-]+", "", plain)
    if whole in _BY_WORD:
        return _BY_WORD[whole]
    for part in _find_words(plain):
        if part in _BY_WORD:
            return _BY_WORD[part]
    return "unknown"


def status_of(word: str) -> Status | Literal["no_news"]:
    """Return what a status word means. One that is not known fires: better loud than lost."""
    parts = set(_find_words(word[:_MAX_CHARS].lower()))
    if parts & _RESOLVED and not parts & _NEGATIONS:
        return "resolved"
    return NO_NEWS if parts & _NO_NEWS else "firing"
