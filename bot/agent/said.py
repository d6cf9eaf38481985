"""A model's words before anybody keeps them: one line, bounded, no secret, no address (F-09).

Markup and mentions are left to whoever draws a card: each knows its own.
"""

import re
import unicodedata
from collections.abc import Collection
from urllib.parse import urlsplit

from bot.incident.model import Finding
from bot.incident.steps import AskHuman, CallTools, Conclude, ProposeAction, Step
from bot.knowledge.redact import Redactor

SUMMARY_CHARS = 2000
REASON_CHARS = 600
CLAIM_CHARS = 400
OPTION_CHARS = 80
FINDINGS_MOST = 10
OPTIONS_MOST = 10
LINK_LEFT_OUT = "(link left out)"
ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,30}:)?//[^\s<>\"'`|)\]}]+"
    r"|\bwww\.[^\s<>\"'`|)\]}]+"
    r"|\b(?:javascript|data|mailto|tel|vbscript|file):[^\s<>\"'`|)\]}]+",
    re.IGNORECASE,
)


def clean_step(step: Step, hosts: Collection[str]) -> Step:
    """Return the Step with its words cleaned; what it names (tools, arguments, ids) is untouched.

    `hosts` are those whose https addresses may stay, in small letters.
    """
    clean = Sanitizer(hosts)
    match step:
        case CallTools():
            return step
        case ProposeAction():
            changed: dict[str, object] = {"reason": clean.line(step.reason, REASON_CHARS)}
        case AskHuman():
            options = (clean.line(one, OPTION_CHARS) for one in step.options[:OPTIONS_MOST])
            changed = {
                "question": clean.line(step.question, REASON_CHARS),
                "options": tuple(dict.fromkeys(one for one in options if one)),
                "default": clean.line(step.default, OPTION_CHARS),
            }
        case Conclude():
            changed = {"summary": clean.line(step.summary, SUMMARY_CHARS)}
    findings = tuple(clean.finding(one) for one in step.findings[:FINDINGS_MOST])
    return step.model_copy(update={**changed, "findings": findings})


def clean_line(text: str, most: int) -> str:
    """Return what a provider said as one line of at most `most` characters: outside text too."""
    return Sanitizer().line(text, most)


def wordless(step: Step) -> str:
    """Return what a Step says nothing about though it must, in words for the model; "" for none."""
    match step:
        case ProposeAction(reason=""):
            return "reason: say in words why the action is needed"
        case AskHuman(question=""):
            return "question: ask it in words, without an address"
        case Conclude(summary=""):
            return "summary: say in words what was found"
        case _:
            return ""


class Sanitizer:
    """Cleans what a model says in one reply; the same secret keeps its placeholder throughout."""

    def __init__(self, hosts: Collection[str] = ()) -> None:
        self._hosts = hosts
        self._redactor = Redactor()

    def line(self, text: str, most: int) -> str:
        """Return one line of at most `most` characters, "" for none; `…` ends one that was cut.

        Secrets, addresses of other hosts and characters that nobody sees are out of it.
        """
        kept = ADDRESS.sub(self._address, unhidden(text))
        made = " ".join(self._redactor.text(kept).split())
        return made if len(made) <= most else f"{made[: most - 1]}…"

    def finding(self, one: Finding) -> Finding:
        """Return the finding with its claim cleaned."""
        return one.model_copy(update={"claim": self.line(one.claim, CLAIM_CHARS)})

    def _address(self, found: re.Match[str]) -> str:
        try:
            parts = urlsplit(found[0])
            host = (parts.hostname or "").lower()
        except ValueError:
            return LINK_LEFT_OUT
        known = parts.scheme.lower() == "https" and "@" not in parts.netloc and host in self._hosts
        return found[0] if known else LINK_LEFT_OUT


def unhidden(text: str) -> str:
    """Return the text without what no reader sees; each space of any kind is a plain one."""
    return "".join(one if _is_seen(one) else " " if one.isspace() else "" for one in text)


def _is_seen(one: str) -> bool:
    """Tell what a reader sees: no control, no direction mark, no zero width, no lone surrogate."""
    return (one.isascii() and one.isprintable()) or unicodedata.category(one)[0] not in "CZ"
