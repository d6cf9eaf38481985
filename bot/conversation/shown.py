"""Values as a human reads them before approving: every leaf on its own line, nothing hidden."""

import re

from pydantic import JsonValue

from bot.incident.card import Card, Chart, Code, Items, Table, Text, When
from bot.incident.leaves import leaf_paths, leaf_words
from bot.incident.model import Predicate, Probe

SIGNS = {"eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥", "in": "is one of",
         "contains": "contains"}  # fmt: skip
KINDS: dict[type, str] = {str: "text", bool: "yes/no", int: "number", float: "number"}
LINES = re.compile(r"[\n\t]")


def argument_blocks(args: dict[str, JsonValue], title: str) -> tuple[Code, ...]:
    """Return every leaf of `args`, one a line; a text of several lines gets a block of its own.

    So no value can look like another parameter.
    """
    lines: list[str] = []
    own: list[Code] = []
    for path, leaf in leaf_paths(args):
        label = f"{path} ({_sort(leaf)})" if path else "none"
        if isinstance(leaf, str) and LINES.search(leaf):
            own.append(Code(value=leaf, title=f"{title}: {label}", trust="outside"))
        else:
            lines.append(f"{label} = {leaf_words(leaf)}" if path else label)
    first = (Code(value="\n".join(lines), title=title, trust="outside"),) if lines else ()
    return (*first, *own)


def _sort(leaf: JsonValue) -> str:
    if isinstance(leaf, str):
        odd = leaf != leaf.strip() or not leaf or bool(LINES.search(leaf))
        return f"text, {len(leaf)} characters" if odd else "text"
    return "nothing" if leaf is None else KINDS.get(leaf.__class__, "empty")


def probe_blocks(probes: tuple[Probe, ...], title: str) -> tuple[Code, ...]:
    """Return each check in words: what is read, with which arguments, and what must hold."""
    blocks: list[Code] = []
    for probe in probes:
        read: dict[str, JsonValue] = {"tool": probe.tool, "with": probe.args}
        first, *rest = argument_blocks(read, f"{title}: {probe.title}")
        expect = f"must give: {predicate_words(probe.expect)}"
        if LINES.search(expect):
            rest.append(first.model_copy(update={"value": expect}))
        else:
            first = first.model_copy(update={"value": f"{first.value}\n{expect}"})
        blocks += [first, *rest]
    return tuple(blocks)


def predicate_words(test: Predicate) -> str:
    """Return a predicate in words, with brackets where it nests."""
    if test.not_ is not None:
        return f"not ({predicate_words(test.not_)})"
    if test.all or test.any:
        word = " and " if test.all else " or "
        parts = [predicate_words(part) for part in test.all or test.any]
        return f"({word.join(parts)})" if len(parts) > 1 else parts[0]
    if test.op == "exists":
        return f"{test.fact} is known"
    values = test.value if isinstance(test.value, list) else [test.value]
    return f"{test.fact} {SIGNS[test.op]} {', '.join(leaf_words(item) for item in values)}"


def card_texts(card: Card) -> list[str]:
    """Return every text in a card's facts and blocks, in order, as a reader meets them."""
    texts = [text for line in card.facts for text in (line.label, line.text.value)]
    for block in card.blocks:
        match block:
            case Text(value=value):
                texts.append(value)
            case Code(title=title, value=value):
                texts += [title, value]
            case Items(title=title, items=items):
                texts += [title, *(item.value for item in items)]
            case Table(headings=headings, rows=rows):
                texts += [*headings, *(cell.value for row in rows for cell in row)]
            case When(title=title, at=at):
                texts += [title, at.isoformat()]
            case Chart(title=title, alt=alt):
                texts += [title, alt]
    return texts
