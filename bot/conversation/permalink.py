"""Addresses of our own pages that stay right however long a thread becomes. Pure."""

import re
from dataclasses import dataclass

TIMELINE_EVENTS = 200
"""Events on one page of a timeline; older ones are a link away."""
EVIDENCE_ID = re.compile(r"[0-9a-f]{16}")
PROPOSAL_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{8}")
ODD = str.maketrans({"(": "%28", ")": "%29", "<": "%3C", ">": "%3E", " ": "%20", "\\": "%5C"})


@dataclass(frozen=True, slots=True)
class Permalinks:
    """Where our pages are, and what the log was when a document was made of it.

    `base_url` is PUBLIC_URL without a slash at its end, "" for relative addresses. `head` is the
    hex hash of the newest event, "" when nobody looked.
    """

    base_url: str = ""
    head: str = ""

    def whole(self, path: str) -> str:
        """Return the address of one of our pages, fit for any markup."""
        return f"{self.base_url}{path}".translate(ODD)


def event_path(incident: str, seq: int) -> str:
    """Return where an event is shown: the page that holds it now and later, and its place there."""
    page_end = ((seq - 1) // TIMELINE_EVENTS + 1) * TIMELINE_EVENTS + 1
    return f"/incidents/{incident}?before={page_end}#e{seq}"


def evidence_path(identifier: str) -> str:
    """Return where a stored result is shown; "" for what is no evidence id."""
    return f"/e/{identifier}" if EVIDENCE_ID.fullmatch(identifier) else ""


def proposal_path(identifier: str) -> str:
    """Return where a proposal is shown; "" for what is no proposal id."""
    return f"/proposals/{identifier}" if PROPOSAL_ID.fullmatch(identifier) else ""
