"""The timeline and the postmortem draft of an incident, as Markdown. Pure.

Deterministic: the same events give the same bytes. What only people know is left to them; what a
model wrote is marked as such. Nobody is blamed: it says what happened, and what was not there.
"""

from collections.abc import Iterator, Sequence

from bot.conversation.deeds import deed_parts, refused_parts, utc_second
from bot.conversation.follow_ups import follow_ups
from bot.conversation.frontmatter import front_of
from bot.conversation.markdown import paper_markdown
from bot.conversation.milestones import Milestones, milestones, seconds_between
from bot.conversation.paper import (
    Bit,
    Bullets,
    Chapter,
    Gap,
    Paper,
    Part,
    Passage,
    Row,
    coded,
    said,
)
from bot.conversation.permalink import Permalinks
from bot.conversation.phrases import SEVERITY_WORDS, author_words, clip, counted, trust_by
from bot.conversation.timeline import (
    day_sections,
    day_title,
    evidence_bits,
    moments,
    timeline_parts,
)
from bot.incident.events import Event
from bot.incident.facts_run import DraftWritten
from bot.incident.reducer import fold
from bot.incident.state import State
from bot.incident.summary import lasted, learnings, summary

TITLE_CHARS = 300
WORDS_CHARS = 2000
MOMENTS = 300
"""Rows of the timeline inside a postmortem; the timeline itself has all of them."""


def timeline_markdown(events: Sequence[Event], links: Permalinks) -> str:
    """Return every event of a thread that is more than machinery, oldest first, as Markdown.

    Raises:
        ValueError: The events open no incident.
    """
    state = _folded(events)
    front = (("document", "timeline"), *front_of(state, events, links))
    title = _title(state, "Timeline of")
    return paper_markdown(Paper(state.stream, title, front, day_sections(state, events)), links)


def postmortem_markdown(events: Sequence[Event], links: Permalinks) -> str:
    """Return the draft of a postmortem as Markdown.

    Raises:
        ValueError: As `timeline_markdown`.
    """
    return paper_markdown(postmortem_paper(events, links), links)


def postmortem_paper(events: Sequence[Event], links: Permalinks) -> Paper:
    """Return the draft of a postmortem; a thread that goes on gives what is known so far.

    Raises:
        ValueError: As `timeline_markdown`.
    """
    state = _folded(events)
    times = milestones(state, events)
    draft = state.incident.draft
    sections = (
        Chapter("Summary", tuple(_summary(state, draft))),
        Chapter("Impact", tuple(_impact(state))),
        Chapter("Times", (Bullets(tuple(_times(times))),)),
        Chapter("Timeline", tuple(_timeline(state, events))),
        Chapter("What was found", tuple(_found(state))),
        Chapter("What was done", deed_parts(state, events)),
        Chapter("Decisions that were not accepted", refused_parts(events)),
        Chapter("Contributing factors", tuple(_contributing(draft))),
        Chapter("What went well", (Gap("what helped, and should stay as it is?"),)),
        Chapter("Where we were lucky", (Gap("what could have made it worse, and did not?"),)),
        Chapter("Follow-ups", tuple(_follow_ups(state, draft))),
        Chapter("For the record", (Bullets(tuple(_record(state))),)),
    )
    title = _title(state, "Postmortem draft of")
    front = (("document", "postmortem"), ("draft", True), *front_of(state, events, links))
    return Paper(state.stream, title, front, sections)


def _folded(events: Sequence[Event]) -> State:
    state = fold(events)
    if not state.exists:
        raise ValueError("these events open no incident")
    return state


def _title(state: State, what: str) -> Row:
    title = clip(state.incident.title, TITLE_CHARS)
    return (Bit(f"{what} {state.stream}: "), said(title))


def _summary(state: State, draft: DraftWritten | None) -> Iterator[Part]:
    view = state.incident
    if view.status != "closed":
        yield Passage(
            (Bit(f"The incident is {view.status}: this draft says what is known so far."),)
        )
    yield Passage((said(clip(view.summary or summary(state), WORDS_CHARS)),))
    if draft is not None and draft.summary:
        yield Passage((*_marked(draft), said(draft.summary, "model")))


def _impact(state: State) -> Iterator[Part]:
    view, loaded = state.incident, state.run.context
    service = loaded.service if loaded else None
    rows: list[Row] = [
        (Bit(f"Severity: {view.severity} ({SEVERITY_WORDS[view.severity]})"),),
        (Bit("Service: "), said(view.service or "unknown"),
         Bit(", owner: "), said((service.owner if service else "") or "not in services.yaml"),
         Bit(f", tier: {service.tier if service and service.tier else 'not in services.yaml'}")),
        (Bit(f"Alerts: {len(view.alerts)}, still firing: {len(view.firing)}"),),
    ]  # fmt: skip
    if view.truncated:
        rows.append((Bit(f"{counted(view.truncated, 'more alert')} not delivered by the source"),))
    if view.reopened:
        rows.append((Bit(f"Reopened {counted(view.reopened, 'time')}"),))
    yield Bullets(tuple(rows))
    yield Gap("who noticed, how many were affected, and what could they not do?")


def _times(times: Milestones) -> Iterator[Row]:
    opened = times.opened_at
    by = f", by P-{times.mitigated_by}" if times.mitigated_by else ""
    lines = (
        ("Began, as the first alert says", times.began_at, None, ""),
        ("Detected: the incident was opened", opened, times.began_at, ""),
        ("Acknowledged", times.acked_at, opened, ""),
        ("Mitigated: a check passed after an action", times.mitigated_at, opened, by),
        ("Resolved", times.resolved_at, opened, ""),
        ("Closed", times.closed_at, opened, ""),
    )
    for label, at, since, end in lines:
        if at is None:
            yield (Bit(f"{label}: not recorded"),)
            continue
        took = seconds_between(since, at)
        after = f", {lasted(since, at)} later" if took is not None and since is not None else ""
        yield (Bit(f"{label}: {utc_second(at)}{after}{end}"),)


def _timeline(state: State, events: Sequence[Event]) -> Iterator[Part]:
    every = moments(events)
    for day, rows in timeline_parts(state, every[:MOMENTS]):
        yield Passage((Bit(day_title(day)),))
        yield rows
    if len(every) > MOMENTS:
        left = counted(len(every) - MOMENTS, "more line")
        yield Passage((Bit(f"{left}: the timeline itself has them."),))


def _found(state: State) -> Iterator[Part]:
    view, trust = state.incident, trust_by(state.incident.conclusion_by)
    if view.conclusion:
        who = author_words(view.conclusion_by)
        text = clip(view.conclusion, WORDS_CHARS)
        yield Passage((Bit("Conclusion ("), said(who), Bit("): "), said(text, trust)))
    rows = tuple(
        (said(clip(one.claim, WORDS_CHARS), trust),
         Bit(f" ({one.confidence} confidence)"), *evidence_bits(one.evidence))
        for one in view.findings
    )  # fmt: skip
    if rows:
        yield Bullets(rows)
    else:
        yield Passage((Bit("No cause was found that rests on evidence."),))
    if view.judged:
        verdict = view.judged.replace("_", " ")
        yield Passage((Bit(f"Judged {verdict} by "), said(view.judged_by), Bit(".")))
    else:
        yield Passage((Bit("Nobody has judged this conclusion yet: it is a claim."),))


def _contributing(draft: DraftWritten | None) -> Iterator[Part]:
    yield Gap("what made it possible, what made it worse, and what made it hard to see?")
    if draft is not None and draft.contributing:
        yield Bullets(tuple((*_marked(draft), said(text, "model")) for text in draft.contributing))


def _follow_ups(state: State, draft: DraftWritten | None) -> Iterator[Part]:
    rows = tuple(
        (Bit("Suggested by rule: "), said(one.text),
         Bit(f" (impact {one.impact}, effort {one.effort})"))
        for one in follow_ups(state)
    )  # fmt: skip
    if rows:
        yield Bullets(rows)
    else:
        yield Passage((Bit("None is suggested by the record."),))
    if draft is not None and draft.follow_ups:
        yield Bullets(tuple((*_marked(draft), said(text, "model")) for text in draft.follow_ups))
    yield Gap("who does which of these by when? At most three.")


def _marked(draft: DraftWritten) -> Row:
    return (Bit("Written by the model "), coded(draft.by), Bit(", not confirmed by anybody: "))


def _record(state: State) -> Iterator[Row]:
    told = state.incident.learnings or learnings(state)
    for label in ("context", "solution", "learning", "impact"):
        text: str = getattr(told, label)
        yield (Bit(f"{label.capitalize()}: "), said(clip(text, WORDS_CHARS)))
