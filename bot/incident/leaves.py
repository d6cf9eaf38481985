"""Every leaf of what a proposal would do, and whether a human can see all of it. Pure."""

import json
import re
import unicodedata
from collections.abc import Iterator

from pydantic import JsonValue

from bot.incident.model import Predicate
from bot.incident.proposal import Proposal, canonical

UNSEEN_KINDS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, format characters (bidi, zero-width), lone surrogates, odd line ends."""
PLAIN_KEY = re.compile(r"[\w-]+")


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


def uninspectable(proposal: Proposal) -> str:
    """Return why nobody can inspect, and so nobody can approve, what it would do; "" when they can.

    It holds a character that cannot be seen, or it has no canonical form that a digest could name.
    """
    char = cannot_be_seen(proposal)
    if char:
        return f"it holds a character that nobody can see ({char}); propose it again without"
    try:
        canonical(proposal.model_dump(mode="json"))
    except ValueError as error:
        return f"it has no exact form: {error}"
    return ""


def unfit_text(args: JsonValue) -> str:
    """Return why a text in arguments cannot be approved; empty when all can (E-06).

    Names and values are NFC and hold no control or unseen character, line ends included: what two
    people read as the same is the same bytes.
    """
    for path, text in _texts(args):
        char = unseen([text], lines=False)
        if char:
            return f"{path} holds a character that nobody can see ({char})"
        if not unicodedata.is_normalized("NFC", text):
            return f"{path} is not written in the usual form (Unicode NFC)"
    return ""


def _texts(value: JsonValue, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every name and every text, each with the place of what holds it."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield f"a name in {path or 'the arguments'}", name
            yield from _texts(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _texts(item, f"{path}[{place}]")
    elif isinstance(value, str):
        yield path, value
