"""Values as a human reads them before approving: every leaf on its own line, nothing hidden."""

import json
import re
import unicodedata
from collections.abc import Iterator

from pydantic import JsonValue

from bot.incident.card import Card, Chart, Code, Items, Table, Text, When
from bot.incident.model import Predicate, Probe
from bot.incident.proposal import Proposal

SIGNS = {"eq": "=", "ne": "≠", "lt": "<", "le": "≤", "gt": ">", "ge": "≥", "in": "is one of",
         "contains": "contains"}  # fmt: skip
KINDS: dict[type, str] = {str: "text", bool: "yes/no", int: "number", float: "number"}
UNSEEN_KINDS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, format characters (bidi, zero-width), lone surrogates, odd line ends."""
PLAIN_KEY = re.compile(r"[\w-]+")
LINES = re.compile(r"[\n\t]")


def leaf_paths(value: JsonValue, path: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Yield (path, leaf), such as `matchers[0].name`; an empty list or map is a leaf too."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            name = key if PLAIN_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)
            yield from leaf_paths(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for place, item in enumerate(value):
            yield from leaf_paths(item, f"{path}[{place}]")
    else:
        yield path, value


def leaf_words(value: JsonValue) -> str:
    """Return a leaf exactly: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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


def must_show(proposal: Proposal) -> list[str]:
    """Return every leaf of what would run, be read, be checked and be undone (E-03)."""
    found = [leaf_words(leaf) for args in _all_args(proposal) for _, leaf in _real(args)]
    for probe in (*proposal.preconditions, *proposal.verify):
        found += _tested(probe.expect)
    return [*found, *one_liners(proposal)]


def one_liners(proposal: Proposal) -> list[str]:
    """Return what a card shows on one line each: names, targets, titles, names of parameters."""
    found = [proposal.title, proposal.action, proposal.tool, proposal.target]
    found += [proposal.environment, proposal.service]
    for probe in (*proposal.preconditions, *proposal.verify):
        found += [probe.title, probe.tool]
    if proposal.undo is not None:
        return [*found, proposal.undo.tool, proposal.undo.title]
    return [*found, proposal.ends] if proposal.ends else found


def cannot_be_seen(proposal: Proposal) -> str:
    """Return the first character of it that a human cannot see, as `U+202E`; empty when none."""
    names = [path for args in _all_args(proposal) for path, _ in leaf_paths(args)]
    lines = [*one_liners(proposal), *names]
    return unseen(lines, lines=False) or unseen(must_show(proposal), lines=True)


def _all_args(proposal: Proposal) -> list[dict[str, JsonValue]]:
    probes = (*proposal.preconditions, *proposal.verify)
    undo = [proposal.undo.args] if proposal.undo is not None else []
    return [proposal.args, *(probe.args for probe in probes), *undo]


def _real(args: dict[str, JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    """Yield the leaves, but for the one that stands for having none."""
    return ((path, leaf) for path, leaf in leaf_paths(args) if path or args)


def _tested(test: Predicate) -> Iterator[str]:
    for part in (*test.all, *test.any, *((test.not_,) if test.not_ is not None else ())):
        yield from _tested(part)
    if test.fact:
        yield test.fact
        if test.op != "exists":
            yield from (leaf_words(leaf) for _, leaf in leaf_paths(test.value))


def unseen(texts: list[str], *, lines: bool) -> str:
    """Return the first character nobody can see, as `U+202E`; line ends count unless `lines`."""
    allowed = "\n\t" if lines else ""
    for text in texts:
        for char in text:
            if char not in allowed and unicodedata.category(char) in UNSEEN_KINDS:
                return f"U+{ord(char):04X}"
    return ""


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
