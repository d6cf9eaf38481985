"""The turns of phrase that cards share: severity, times, where things stand, shortening."""

from datetime import datetime

from bot.incident.card import Text, Trust
from bot.incident.ending import BY_RULE, PLANNER
from bot.incident.revision import PERSON
from bot.incident.state import State
from bot.incident.views import ProposalView

SEVERITY_WORDS = {
    "critical": "SEV1",
    "high": "SEV2",
    "warning": "SEV3",
    "info": "SEV4",
    "unknown": "SEV?",
}
FALLBACK_CHARS = 300
TITLE_CHARS = 150
LINE_CHARS = 300
STANDS = {
    "prefetch": "gathering what is known",
    "investigate": "investigating",
    "await": "watching",
    "act": "carrying out what was approved",
    "verify": "checking that it worked",
    "closed": "closed",
}
PAIRS = {"⟨": "⟩", "\u2039": "\u203a"}
"""What is never cut in half: a spelled-out character, and a redacted secret's placeholder."""


def utc_words(at: datetime) -> str:
    """Return `5 Jan 03:00:12 UTC`."""
    return f"{at.day} {at:%b %H:%M:%S} UTC"


def one_line(text: str) -> str:
    """Return the text with every run of white space as one blank."""
    return " ".join(text.split())


def clip(text: str, most: int) -> str:
    """Return at most `most` characters; what is left out is counted, never silent (A-16)."""
    if len(text) <= most:
        return text
    kept = text[: max(most - len(_left_out(len(text))), 0)]
    for opens, closes in PAIRS.items():
        begun = kept.rfind(opens)
        if begun > kept.rfind(closes):
            kept = kept[:begun]
    return f"{kept}{_left_out(len(text) - len(kept))}"[:most]


def _left_out(number: int) -> str:
    return f"… (+{number} characters)"


def outside_line(text: str) -> Text:
    """Return one line of somebody else's words."""
    return Text(value=clip(one_line(text), LINE_CHARS), trust="outside")


def counted(number: int, one: str) -> str:
    """Return `1 alert` or `3 alerts`."""
    return f"{number} {one}{'' if number == 1 else 's'}"


def fallback_line(state: State, said: str) -> str:
    """Return the whole point in one line: severity, service, what it is, where it stands (A-15)."""
    view = state.incident
    service = one_line(view.service) or "unknown service"
    begin = f"{SEVERITY_WORDS[view.severity]} {clip(service, 60)}: "
    end = f" — {one_line(said)}"
    if len(end) > 140:
        end = clip(end, 140)
    room = FALLBACK_CHARS - len(begin) - len(end)
    return f"{begin}{clip(one_line(view.title), room)}{end}"


def standing_words(state: State, bot_paused_by: str = "") -> str:
    """Return in a few words where the incident stands and what it waits for."""
    view, run = state.incident, state.run
    statuses = {item.status for item in view.proposals.values()}
    waits = (
        (bool(state.unknown), "on hold: an event that this version cannot read"),
        (bool(view.merged_into), f"merged into {view.merged_into}"),
        (view.status == "closed", "closed"),
        ("unknown" in statuses, "outcome unknown, somebody must look"),
        (view.status == "resolved", "resolved"),
        ("pending" in statuses, "approval needed"),
        (any(asked.status == "open" for asked in view.questions.values()), "answer needed"),
        (bool(run.paused_by), f"paused by {run.paused_by}"),
        (bool(bot_paused_by) and not run.done, f"bot paused by {bot_paused_by}"),
    )
    return next((words for holds, words in waits if holds), STANDS[state.phase])


def code_of(view: ProposalView) -> str:
    """Return the name of a proposal on cards: `P-7F3KQ2AB`; its first four are enough to type."""
    return f"P-{view.proposal.id}"


def author_words(by: str) -> str:
    """Return who thought of something, saying plainly when no model did."""
    if by == PLANNER:
        return "rule-based, from the runbook; no model was used"
    if by in BY_RULE:
        return f"rule-based, by {by}"
    return f"by {by}; not verified" if by else "not verified"


def trust_by(by: str) -> Trust:
    """Return whose words an author's are: a model's, or a person's or others' quoted by code."""
    return "outside" if by in BY_RULE or by.startswith(PERSON) else "model"
