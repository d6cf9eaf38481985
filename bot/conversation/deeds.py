"""What was proposed, decided, done, checked and undone, as parts of a Paper. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bot.conversation.outcome import status_line_of
from bot.conversation.paper import Bit, Bullets, Part, Passage, Row, Subtitle, coded, said
from bot.conversation.permalink import proposal_path
from bot.conversation.phrases import author_words, clip, code_of, trust_by
from bot.conversation.timeline import evidence_bits
from bot.incident import facts_action
from bot.incident.events import Event
from bot.incident.facts_action import DecisionMade
from bot.incident.leaves import leaf_paths, leaf_words
from bot.incident.state import State
from bot.incident.views import ProposalView

DIGEST_CHARS = 12
ARGUMENT_CHARS = 300
WORDS_CHARS = 800
NOTHING = "Nothing was proposed, and the bot changed nothing."
MOST_REFUSED = 20


def deed_parts(state: State, events: Sequence[Event]) -> tuple[Part, ...]:
    """Return every proposal by revision, oldest first, each with what became of it."""
    parts: list[Part] = []
    for view in state.incident.proposals.values():
        for revision in view.revisions:
            parts.append(Subtitle(_title(revision)))
            parts.append(Bullets(tuple(_rows(revision, events))))
    return tuple(parts) or (Passage((Bit(NOTHING),)),)


def refused_parts(events: Sequence[Event]) -> tuple[Part, ...]:
    """Return the attempts to decide that code did not accept, and the actions it did not put up."""
    rows = [_refused(event.at, event.body) for event in events
            if isinstance(event.body, facts_action.DecisionRefused)]  # fmt: skip
    left = len(rows) - MOST_REFUSED
    if left > 0:
        rows = [*rows[:MOST_REFUSED], (Bit(f"and {left} more, in the timeline"),)]
    return (Bullets(tuple(rows)),) if rows else (Passage((Bit("None."),)),)


def utc_second(at: datetime) -> str:
    """Return `2026-03-03 14:02:11 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _title(view: ProposalView) -> Row:
    proposal = view.proposal
    revision = f" revision {proposal.revision}" if proposal.revision > 1 else ""
    return (
        Bit(code_of(view), proposal_path(proposal.id)),
        Bit(f"{revision}: "),
        said(clip(proposal.title, ARGUMENT_CHARS)),
    )


def _rows(view: ProposalView, events: Sequence[Event]) -> Iterator[Row]:
    proposal = view.proposal
    yield (Bit("Outcome: "), said(clip(status_line_of(view), WORDS_CHARS)))
    yield (Bit("Action: "), coded(proposal.action), Bit(" on "), coded(proposal.target),
           Bit(f", {proposal.risk} risk, asked for by "), said(proposal.requested_by))  # fmt: skip
    for path, leaf in leaf_paths(proposal.args):
        if path:
            shown = clip(leaf_words(leaf), ARGUMENT_CHARS)
            yield (
                Bit("Argument "),
                coded(path),
                Bit(": "),
                coded(shown) if shown else Bit("empty"),
            )
    yield (Bit("Digest: "), coded(view.asked.digest[:DIGEST_CHARS]),
           Bit(", action digest: "), coded(view.asked.action_digest[:DIGEST_CHARS]))  # fmt: skip
    if view.asked.reason:
        who = author_words(view.asked.reason_by)
        yield (Bit("Why ("), said(who), Bit("): "),
               said(clip(view.asked.reason, WORDS_CHARS), trust_by(view.asked.reason_by)),
               *evidence_bits(view.asked.evidence))  # fmt: skip
    for at, made in _verdicts(view):
        yield _decision(at, made)
    yield from _run(view)
    yield from _checks(view, events)
    yield _undo(view)


def _verdicts(view: ProposalView) -> Iterator[tuple[datetime, DecisionMade]]:
    yield from view.decisions
    if view.last is not None and view.last not in view.decisions:
        yield view.last


def _decision(at: datetime, made: DecisionMade) -> Row:
    verb = "approved it" if made.verdict == "approve" else "decided against it"
    proven = ", proven by a one-time code" if made.step_up == "totp" else ""
    reason = (Bit(": "), said(clip(made.reason, WORDS_CHARS))) if made.reason else ()
    return (
        said(made.person),
        Bit(f" {verb} at {utc_second(at)} through "),
        said(made.actor.partition(":")[0]),
        Bit(f"{proven}; rule "),
        coded(made.rule or "none"),
        Bit(", policy "),
        coded(made.policy_digest[:DIGEST_CHARS] or "none"),
        *reason,
    )


def _run(view: ProposalView) -> Iterator[Row]:
    if view.started_at is None:
        yield (Bit("It never ran."),)
        return
    yield (Bit(f"Started {utc_second(view.started_at)}; its preconditions held"),)
    if view.finished_at is not None:
        result = clip(view.result or "no words", WORDS_CHARS)
        yield (Bit(f"Ended {utc_second(view.finished_at)}: "), said(result),
               *evidence_bits((view.evidence,)))  # fmt: skip


def _checks(view: ProposalView, events: Sequence[Event]) -> Iterator[Row]:
    for event in events:
        match event.body:
            case facts_action.ActionVerified() as fact if fact.digest == view.asked.digest:
                yield (Bit(f"Check {fact.n + 1} passed at {utc_second(event.at)}: "),
                       said(clip(fact.summary, WORDS_CHARS)),
                       *evidence_bits((fact.evidence,)))  # fmt: skip
            case facts_action.ActionRegressed() as fact if fact.digest == view.asked.digest:
                yield (Bit(f"Check {fact.n + 1} did not hold at {utc_second(event.at)}: "),
                       said(clip(fact.why, WORDS_CHARS)),
                       *evidence_bits((fact.evidence,)))  # fmt: skip
            case _:
                pass


def _undo(view: ProposalView) -> Row:
    undo = view.proposal.undo
    if undo is None:
        ends = view.proposal.ends
        return (Bit("Undo: none, "), said(ends)) if ends else (Bit("Undo: none, irreversible."),)
    ways = {"rolled_back": "done", "succeeded": "possible, not done"}
    state = ways.get(view.status, "nothing to undo")
    if view.undo_requested and view.status == "succeeded":
        state = "asked for"
    return (Bit("Undo: "), said(clip(undo.title, ARGUMENT_CHARS)), Bit(f" ({state})"))


def _refused(at: datetime, fact: facts_action.DecisionRefused) -> Row:
    who = fact.person or fact.actor
    return (
        Bit(f"{utc_second(at)}: a decision by "),
        said(who),
        Bit(" on "),
        Bit(f"P-{fact.proposal}", proposal_path(fact.proposal))
        if proposal_path(fact.proposal)
        else coded(fact.proposal or "nothing known"),
        Bit(" was not accepted: "),
        said(clip(fact.why, WORDS_CHARS)),
    )
