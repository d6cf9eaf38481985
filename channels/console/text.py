"""A card as plain text for a terminal: compact, whole, and free of anything that could act."""

import textwrap
import unicodedata
from collections.abc import Iterator
from datetime import UTC

from bot.incident.card import Block, Card, Chart, Code, Control, Items, Table, Text, When
from bot.incident.proposal import code

WIDTH = 100
INDENT = "  "
BOLD, PLAIN = "\x1b[1m", "\x1b[0m"
UNSEEN_KINDS = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
PROSE = "Reasoning"
"""Begins the title of the block that decides nothing; the controls stand above it (A-19)."""


def render_text(card: Card, incident: str = "INC", *, colours: bool = False) -> str:
    """Return the card as lines, with the words to type for each control.

    `incident` is the id those words name. `colours` only ever makes the heading bold.
    """
    trusted, prose = _split(card.blocks)
    lines = [
        _heading(card, colours=colours),
        *_facts(card),
        *(line for block in trusted for line in _block(block)),
        *_controls(card, incident),
        *(line for block in prose for line in _block(block)),
        *(f"{INDENT}{visible(link.title)}: {visible(link.url)}" for link in card.links),
    ]
    if card.footer:
        lines.append(f"{INDENT}{visible(card.footer)}")
    return "\n".join(lines)


def render_line(card: Card, *, colours: bool = False) -> str:
    """Return the card's whole point in one line."""
    line = visible(card.fallback)
    return f"{BOLD}{line}{PLAIN}" if colours else line


def visible(text: str, *, lines: bool = False) -> str:
    """Return text in which every unseen character is spelled out as `⟨U+202E⟩`.

    Line ends stay only with `lines`; nothing is dropped, so nothing can hide (E-03).
    """
    return "".join(_seen(char, lines=lines) for char in text)


def _seen(char: str, *, lines: bool) -> str:
    if char == "\n" and lines:
        return char
    if char == "\t" and lines:
        return INDENT
    return f"⟨U+{ord(char):04X}⟩" if unicodedata.category(char) in UNSEEN_KINDS else char


def _heading(card: Card, *, colours: bool) -> str:
    heading = f"== {visible(card.title)} — {visible(card.state)} [{card.severity}]"
    return f"{BOLD}{heading}{PLAIN}" if colours else heading


def _facts(card: Card) -> Iterator[str]:
    widest = max((len(line.label) for line in card.facts), default=0)
    for line in card.facts:
        yield from _wrapped(f"{line.label:<{widest}}  ", visible(line.text.value))


def _wrapped(label: str, text: str) -> Iterator[str]:
    """Break between words only; a long word (a hash, a query) stays whole."""
    first, rest = f"{INDENT}{label}", INDENT + " " * len(label)
    broken = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
        drop_whitespace=False,
    )
    yield from broken or [first.rstrip()]


def _block(block: Block) -> Iterator[str]:
    match block:
        case Text(value=value):
            yield from _wrapped("", visible(value))
        case Code(title=title, value=value):
            yield f"{INDENT}{visible(title)}" if title else f"{INDENT}--"
            yield from (f"{INDENT}| {line}" for line in visible(value, lines=True).split("\n"))
        case Items(title=title, items=items):
            if title:
                yield f"{INDENT}{visible(title)}"
            for item in items:
                yield from _wrapped("- ", visible(item.value))
        case Table(headings=headings, rows=rows):
            yield f"{INDENT}{' | '.join(map(visible, headings))}"
            for row in rows:
                yield f"{INDENT}{' | '.join(visible(cell.value) for cell in row)}"
        case When(title=title, at=at):
            yield f"{INDENT}{visible(title)}: {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        case Chart(title=title, alt=alt):
            yield f"{INDENT}{visible(title)}: {visible(alt)}"


def _split(blocks: tuple[Block, ...]) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    for place, block in enumerate(blocks):
        if isinstance(block, Items) and block.title.startswith(PROSE):
            return blocks[:place], blocks[place:]
    return blocks, ()


def _controls(card: Card, incident: str) -> Iterator[str]:
    for control in card.controls:
        command = _command(control, incident)
        if command:
            yield f"{INDENT}> triagebot {command}"


def _command(control: Control, incident: str) -> str:
    """Return what to type for a control; empty when the terminal has no word for it."""
    name = f"P-{code(control.proposal)}"
    words = {
        "approve": f"approve {name}",
        "deny": f"deny {name} REASON",
        "edit": f"edit {name} name=value",
        "undo": f"undo {name}",
        "renew": f"renew {name}",
        "reconcile": f"reconcile {name} {control.value} WHAT YOU SAW",
        "answer": f"answer {incident} {visible(control.value)}",
        "judge": f"judge {incident} {control.value}",
        "ack": f"ack {incident}",
        "snooze": f"snooze {incident} {control.value}",
        "escalate": f"escalate {incident}",
        "handoff": f"handoff {incident} PERSON",
        "pause": f"pause {incident}",
        "resume": f"resume {incident}",
    }
    return words.get(control.verb, "")
