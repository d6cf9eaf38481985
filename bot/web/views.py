"""What templates are given beyond the state itself: small values, computed before rendering."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from pydantic import JsonValue

from bot.conversation.line import Line
from bot.conversation.permalink import TIMELINE_EVENTS
from bot.conversation.phrases import standing_words
from bot.conversation.shown import KINDS, predicate_words
from bot.conversation.words import fields, words
from bot.incident.ending import Spoken
from bot.incident.events import Event
from bot.incident.leaves import leaf_paths, leaf_words
from bot.incident.model import Probe
from bot.incident.proposal import Proposal, code
from bot.incident.state import State
from bot.incident.views import ProposalView


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a timeline."""

    seq: int
    at: datetime
    actor: str
    type: str
    line: Line
    fields: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One leaf of an action's arguments: where it stands, its value, and what sort it is."""

    name: str
    value: str
    sort: str


@dataclass(frozen=True, slots=True)
class Check:
    """A probe in words: what is read, with which arguments, and what must hold."""

    title: str
    tool: str
    args: str
    expect: str


def timeline_span(seq: int, before: int = 0) -> tuple[int, int]:
    """Return after which seq one page of a thread's timeline begins, and how many events it has.

    The page is the one older than `before`, or the newest of a thread whose head is at `seq`.
    """
    newest = min(before - 1, seq) if before else seq
    count = min(newest, TIMELINE_EVENTS)
    return newest - count, count


def timeline(events: Sequence[Event]) -> list[tuple[date, list[Entry]]]:
    """Return the events of one page as entries by day, newest first."""
    entries = [
        Entry(event.seq, event.at, event.actor, event.type, words(event), fields(event))
        for event in reversed(events)
    ]
    return [(day, list(group)) for day, group in groupby(entries, lambda entry: entry.at.date())]


def parameters(args: dict[str, JsonValue]) -> list[Parameter]:
    """Return every leaf of `args`, in order; an empty list or map is a leaf too."""
    found = leaf_paths(args)
    return [Parameter(path, leaf_words(leaf), _sort(leaf)) for path, leaf in found if path]


def check_of(probe: Probe) -> Check:
    """Return a probe in words."""
    args = json.dumps(probe.args, ensure_ascii=False)
    return Check(probe.title, probe.tool, args, predicate_words(probe.expect))


def _sort(leaf: JsonValue) -> str:
    if leaf is None:
        return "nothing"
    if isinstance(leaf, str) and (not leaf or leaf != leaf.strip()):
        return f"text, {len(leaf)} characters"
    return KINDS.get(leaf.__class__, "empty")


def short(proposal: Proposal) -> str:
    """Return the name a human types: `P-7F3K`."""
    return f"P-{code(proposal.id)}"


def pending(state: State) -> list[ProposalView]:
    """Return the proposals that wait for a decision or a human's word, oldest first."""
    views = state.incident.proposals.values()
    return [view for view in views if view.status in {"pending", "unknown"}]


def unanswered(state: State) -> list[Spoken]:
    """Return the questions to the agent that are being answered or wait, oldest first."""
    runs = (*reversed(state.run.parked), state.run)
    begun = [run.question for run in runs if run.question is not None and not run.done]
    return [*begun[::-1], *state.run.waiting]


def phase_words(state: State) -> str:
    """Return where the incident stands, in the words of its card; empty when its status says so."""
    words = standing_words(state)
    return "" if words == state.incident.status else words[:1].upper() + words[1:]
