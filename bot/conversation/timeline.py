"""The timeline of an incident as parts of a Paper: one row an event, in UTC, oldest first. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby

from bot.conversation.line import LABELS, Line
from bot.conversation.paper import Bit, Bullets, Chapter, Row, said
from bot.conversation.permalink import event_path, evidence_path, proposal_path
from bot.conversation.phrases import clip, counted, one_line
from bot.conversation.words import words
from bot.incident.events import Event
from bot.incident.state import State

TEXT_CHARS = 400
QUOTE_CHARS = 600


@dataclass(frozen=True, slots=True)
class Moment:
    """One row: an event, and how many after it said exactly the same, the last one when."""

    seq: int
    at: datetime
    line: Line
    again: int = 0
    until: datetime | None = None


def moments(events: Sequence[Event]) -> list[Moment]:
    """Return what happened, oldest first; mere machinery is left out, repetition is counted."""
    found: list[Moment] = []
    for event in events:
        line, at = words(event), event.at.astimezone(UTC)
        if line.routine:
            continue
        last = found[-1] if found else None
        if last is not None and last.line == line:
            found[-1] = Moment(last.seq, last.at, line, last.again + 1, at)
        else:
            found.append(Moment(event.seq, at, line))
    return found


def timeline_parts(state: State, shown: Sequence[Moment]) -> Iterator[tuple[date, Bullets]]:
    """Yield each day with its rows."""
    for day, group in groupby(shown, lambda moment: moment.at.date()):
        yield day, Bullets(tuple(_row(state.stream, moment) for moment in group))


def day_sections(state: State, events: Sequence[Event]) -> tuple[Chapter, ...]:
    """Return the whole timeline, one section a day."""
    days = timeline_parts(state, moments(events))
    return tuple(Chapter(day_title(day), (rows,)) for day, rows in days)


def day_title(day: date) -> str:
    """Return `3 March 2026 (UTC)`."""
    return f"{day.day} {day:%B %Y} (UTC)"


def evidence_bits(names: Sequence[str]) -> Iterator[Bit]:
    """Yield a link for each stored result, once, with a blank before it."""
    for name in dict.fromkeys(names):
        path = evidence_path(name)
        if path:
            yield Bit(" ")
            yield Bit(f"evidence {name[:6]}", path)


def _row(incident: str, moment: Moment) -> Row:
    line = moment.line
    path = proposal_path(line.proposal)
    text = clip(one_line(line.text), TEXT_CHARS)
    bits = [
        Bit(f"{moment.at:%H:%M:%S}", event_path(incident, moment.seq)),
        Bit(f" {LABELS[line.kind]}: "),
        Bit(text, path) if path else said(text),
    ]
    if line.quote:
        bits += [Bit(": “"), said(clip(one_line(line.quote), QUOTE_CHARS)), Bit("”")]
    if moment.again and moment.until is not None:
        times = counted(moment.again, "more time")
        bits.append(Bit(f" ({times} until {moment.until:%H:%M:%S})"))
    return (*bits, *evidence_bits(line.evidence))
