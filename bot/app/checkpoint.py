"""Checkpoints signed one after the other, each with the signature of the one before (E-43)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.app.key import Key
from bot.app.public_key import is_signed
from bot.incident.events import stamp
from bot.incident.fact import HOUSE
from bot.incident.facts_house import ChainCheckpointed
from bot.incident.model import Value
from bot.incident.proposal import canonical
from bot.ports import Checkpoint, Moved
from bot.store.audit import Break
from bot.store.witness import Witness, Witnessed

HEADS = 2000
"""Heads in one event, at most; a busier hour makes several events in one write."""
EVENT, LINE = b"triage-checkpoint-v1\0", b"triage-witness-v1\0"
UNSIGNED = "no checkpoint is signed; the bot signs one a minute after its start and each hour"
Keys = Mapping[str, bytes]
"""Key id → public key, of everybody whose signature counts."""


def signed_facts(
    key: Key, moved: Moved, at: datetime, *, witnessed: bool
) -> list[ChainCheckpointed]:
    """Return what a checkpoint of `moved` writes down, in its order; one fact is the rule."""
    heads = sorted(moved.heads.items())
    previous, facts = moved.previous, list[ChainCheckpointed]()
    for place in range(0, len(heads), HEADS):
        fact = ChainCheckpointed(
            heads=dict(heads[place : place + HEADS]),
            through=moved.through,
            events=moved.events,
            taken_at=at,
            key=key.id,
            previous=previous,
            witnessed=witnessed,
        )
        previous = key.sign(_message(EVENT, fact))
        facts.append(fact.model_copy(update={"signature": previous}))
    return facts


def signed_line(key: Key, seen: Checkpoint, fact: ChainCheckpointed) -> Witnessed:
    """Return the line of the second place for a checkpoint that is written."""
    line = Witnessed(
        at=stamp(fact.taken_at) if fact.taken_at is not None else "",
        seq=seen.seq,
        hash=seen.hash,
        heads=fact.heads,
        through=fact.through,
        events=fact.events,
        key=key.id,
        previous=fact.previous,
        checkpoint=fact.signature,
    )
    return line.model_copy(update={"signature": key.sign(_message(LINE, line))})


def fault_of(fact: ChainCheckpointed, keys: Keys) -> str:
    """Return what is wrong with the signature of one checkpoint; "" when it is good."""
    return _fault(EVENT, fact, keys)


def first_fault(seen: Sequence[Checkpoint], keys: Keys) -> Break | None:
    """Return the first checkpoint of the log whose signature, or whose place, is not right.

    Those from before there was a key may be unsigned; once one is signed, all later ones are.
    """
    previous = ""
    for one in seen:
        why = "this checkpoint cannot be read"
        if one.fact is not None:
            why = _in_place(one.fact, previous, keys)
            previous = one.fact.signature or previous
        if why:
            return Break(HOUSE, one.seq, why)
    if seen and not previous:
        return Break(HOUSE, seen[-1].seq, UNSIGNED)
    return None


def line_faults(witness: Witness, seen: Sequence[Checkpoint], keys: Keys) -> list[str]:
    """Return what is wrong with the file of the second place, and what of the log it lacks."""
    faults: list[str] = []
    previous = ""
    for number, line in witness.lines.items():
        why = _line_fault(line, previous, keys)
        previous = line.checkpoint or previous
        if why:
            faults.append(f"line {number}: {why}")
    there = {line.checkpoint for line in witness.lines.values()}
    faults += [
        f"the checkpoint of house event {one.seq} is not in it: its line was taken out, or could "
        "not be written"
        for one in seen
        if one.fact is not None and one.fact.witnessed and one.fact.signature not in there
    ]
    return faults


def _in_place(fact: ChainCheckpointed, previous: str, keys: Keys) -> str:
    if not fact.signature:
        return "this checkpoint is not signed, and one before it is" if previous else ""
    fault = fault_of(fact, keys)
    if fault or fact.previous == previous:
        return fault
    return "the checkpoint before this one is not the one it was signed after"


def _line_fault(line: Witnessed, previous: str, keys: Keys) -> str:
    if not line.signature:
        return "it is not signed, and a line before it is" if previous else ""
    fault = _fault(LINE, line, keys)
    if fault or not previous or previous in {line.previous, line.checkpoint}:
        return fault
    return "it does not follow the line before it: one was taken out or put in between"


def _fault(what: bytes, signed: ChainCheckpointed | Witnessed, keys: Keys) -> str:
    public = keys.get(signed.key)
    if public is None:
        return (
            f"it is signed by key {signed.key or 'without a name'}, which is none of yours; if it "
            "is an earlier one, give its public key with --public-key"
        )
    try:
        message = _message(what, signed)
    except ValueError:
        message = b""
    good = is_signed(public, message, signed.signature)
    return "" if good else "its signature is not that of what it says"


def _message(what: bytes, signed: Value) -> bytes:
    """Return what is signed; fields that hold their default are left out, as in a seal.

    Raises:
        ValueError: A number in it has no canonical form.
    """
    fields = signed.model_dump(mode="json", exclude={"signature"}, exclude_defaults=True)
    return what + canonical(fields)
