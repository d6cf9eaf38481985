"""The cards of what runs ended with: what was found, and answers to what humans asked. Pure."""

from bot.conversation.look import Look
from bot.conversation.phrases import clip, fallback_line, one_line, trust_by
from bot.conversation.question_card import judge_controls
from bot.conversation.receipt import (
    provenance_line,
    receipt_blocks,
    receipt_links,
    who_found,
)
from bot.conversation.sheet import WORDS_CHARS, blank_card, quoted
from bot.incident.card import Block, Card, Items, Text, Trust
from bot.incident.ending import Ending
from bot.incident.model import Finding
from bot.incident.state import State
from bot.incident.steps import ConclusionKind

ANSWERS_SHOWN = 20
"""So many of the newest answers are drawn; an older one does not change any more."""
TITLES: dict[ConclusionKind, str] = {
    "cause_found": "What was found",
    "not_enough_evidence": "Not enough evidence",
    "not_an_incident": "Not an incident",
    "answered": "What was found",
}
SAID: dict[ConclusionKind, str] = {
    "cause_found": "found",
    "not_enough_evidence": "no cause found",
    "not_an_incident": "not an incident",
    "answered": "found",
}
UNBACKED = "No claim is backed by evidence: take this as a lead, not as a cause."


def outcome_of(ending: Ending) -> ConclusionKind:
    """Return how the run ended; a cause that no evidence backs is none."""
    unbacked = ending.outcome in {"cause_found", "answered"} and not ending.findings
    return "not_enough_evidence" if unbacked else ending.outcome


def title_of(ending: Ending) -> str:
    """Return how the run ended as a heading."""
    return TITLES[outcome_of(ending)]


def draw_finding(state: State, ending: Ending, look: Look) -> Card:
    """Return what the last run of the alerts concluded, each claim with its evidence."""
    view = state.incident
    blocks = [*_words(ending, who_found(ending)), *_claims(ending)]
    if ending.rejected:
        refused = tuple(quoted(why, "outside") for why in ending.rejected)
        blocks.append(Items(title="Not put before you", items=refused))
    said = f"{SAID[outcome_of(ending)]}: {clip(one_line(ending.summary), 110)}"
    asks = view.status == "open" and not view.judged and not view.merged_into
    return _drawn(state, ending, look, f"finding:r{ending.run}").model_copy(
        update={
            "title": title_of(ending),
            "fallback": fallback_line(state, said),
            "state": "not confirmed by a human" if not view.judged else f"judged {view.judged}",
            "blocks": (*blocks, *receipt_blocks(ending.made)),
            "controls": judge_controls(state) if asks else (),
        }
    )


def draw_answer(state: State, ending: Ending, number: int, look: Look) -> Card:
    """Return the answer to the `number`-th question, under the question; it is not judged."""
    asked = ending.asked
    person = one_line(asked.person) if asked is not None else ""
    question = asked.text if asked is not None else ""
    who = who_found(ending)
    blocks: list[Block] = [
        Items(title=f"{person or 'Somebody'} asked", items=(quoted(question, "outside"),)),
        *_words(ending, who),
    ]
    if ending.findings:
        blocks.extend(_claims(ending))
    said = f"answer to {person or 'a question'}: {clip(one_line(ending.summary), 90)}"
    return _drawn(state, ending, look, f"answer:{number}").model_copy(
        update={
            "title": clip(f"Answer to {person}" if person else "An answer", 100),
            "fallback": fallback_line(state, said),
            "state": f"answered, {who}",
            "blocks": (*blocks, *receipt_blocks(ending.made)),
        }
    )


def _drawn(state: State, ending: Ending, look: Look, key: str) -> Card:
    card = blank_card(state, look, "finding", key)
    cited = tuple(name for finding in ending.findings for name in finding.evidence)
    made = provenance_line(ending.made)
    return card.model_copy(
        update={
            "links": (*look.evidence(cited), *receipt_links(ending.made, look)),
            "footer": " · ".join(part for part in (card.footer, made) if part),
        }
    )


def _words(ending: Ending, who: str) -> list[Block]:
    said = quoted(ending.summary, trust_by(ending.by))
    return [Items(title=who[:1].upper() + who[1:], items=(said,))]


def _claims(ending: Ending) -> list[Block]:
    if not ending.findings:
        return [] if ending.outcome == "not_an_incident" else [Text(value=UNBACKED)]
    trust: Trust = trust_by(ending.by)
    claims = tuple(Text(value=_claim(finding), trust=trust) for finding in ending.findings)
    return [Items(title="Rests on", items=claims)]


def _claim(finding: Finding) -> str:
    cited = ", ".join(name[:6] for name in finding.evidence)
    end = f" ({finding.confidence} confidence; evidence {cited or 'none'})"
    return f"{clip(finding.claim, WORDS_CHARS)}{end}"
