"""What became of a proposal, in words: who decided when, how it ran, whether it helped. Pure."""

from collections.abc import Iterator

from bot.conversation.phrases import clip, utc_words
from bot.incident.card import Items, Text
from bot.incident.views import ProposalView

RESULT_CHARS = 800
HASH_CHARS = 12
WAITS = "waits for a decision"
STATUS_WORDS = {
    "executing": "running now",
    "unknown": "outcome unknown: somebody must look",
    "rolled_back": "undone",
    "uninspectable": "cannot be read, so it cannot be approved",
}


def status_line_of(view: ProposalView) -> str:
    """Return where the proposal is, in one line that names who decided and when (A-24)."""
    if view.status == "pending":
        got = [made.person for _, made in view.decisions if made.verdict == "approve"]
        so_far = f"; approved so far by {', '.join(got)}" if got else ""
        awaited = f"; awaiting step-up of {', '.join(view.awaiting)}" if view.awaiting else ""
        return f"{WAITS}{so_far}{awaited}"
    if view.status in {"approved", "denied"}:
        return decision_line(view) or view.status
    if view.status == "succeeded":
        return _done(view)
    why = f": {view.why}" if view.why else ""
    if view.replaced_by:
        return f"replaced by revision {view.replaced_by}{why}"
    if view.status == "uninspectable":
        return f"{STATUS_WORDS[view.status]}{why}"
    return STATUS_WORDS.get(view.status, f"{view.status}{why}")


def _done(view: ProposalView) -> str:
    if view.regressed:
        return "done, but a check failed afterwards"
    checks = len(view.proposal.verify_after_s) if view.proposal.verify else 0
    return f"done, {view.verified} of {checks} checks passed" if checks else "done"


def decision_line(view: ProposalView) -> str:
    """Return `Approved by dana · 5 Jan 14:03:22 UTC · hash 3fa9c01b22d4`; empty when undecided."""
    if view.status == "denied" and view.last is not None:
        made = [view.last]
    else:
        made = [(at, one) for at, one in view.decisions if one.verdict == "approve"]
    if not made:
        return ""
    verb = "Denied" if made[-1][1].verdict == "deny" else "Approved"
    people = ", ".join(dict.fromkeys(one.person for _, one in made))
    digest = view.asked.digest[:HASH_CHARS]
    return f"{verb} by {people} · {utc_words(made[-1][0])} · hash {digest}"


def became(view: ProposalView) -> tuple[Items, ...]:
    """Return one list of what happened since it was proposed; nothing while it waits."""
    lines = tuple(_lines(view))
    return (Items(title="What became of it", items=lines),) if lines else ()


def _lines(view: ProposalView) -> Iterator[Text]:
    decided = decision_line(view)
    if decided:
        yield Text(value=decided)
    reasons = [made.reason for _, made in view.decisions if made.reason]
    if view.last is not None and view.last[1].reason:
        reasons.append(view.last[1].reason)
    yield from (_said(f"reason: {reason}") for reason in dict.fromkeys(reasons))
    if view.started_at is not None:
        yield Text(value=f"Started {utc_words(view.started_at)}; its preconditions held")
    yield from outcome_lines(view)


def outcome_lines(view: ProposalView) -> Iterator[Text]:
    """Yield how it ended and what the checks saw; nothing before there is a result."""
    if view.status == "unknown":
        yield Text(value="Nobody knows whether it ran. It is not repeated. Look, then say so.")
    if view.finished_at is not None:
        yield Text(value=f"Ended {utc_words(view.finished_at)}")
    if view.result:
        yield _said(view.result)
    if view.why and view.why != view.result:
        yield _said(view.why)
    if view.link:
        yield _said(view.link)
    for number, check in enumerate(view.checks, start=1):
        yield _said(f"check {number} passed: {check}")
    if view.regressed:
        yield _said(f"a check failed: {view.regressed}")
    if view.undo_requested:
        yield Text(value="An undo was asked for.")


def _said(text: str) -> Text:
    return Text(value=clip(text, RESULT_CHARS), trust="outside")
