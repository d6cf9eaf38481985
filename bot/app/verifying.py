"""`triagebot audit verify`: the chains of hashes first, then the chain of signatures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.app.checkpoint import Keys, first_fault, line_faults
from bot.app.safekeeping import break_lines
from bot.errors import NotFoundError
from bot.incident.fact import HOUSE
from bot.ports import Checkpoint
from bot.store.audit import Break, Part
from bot.store.checkpoints import events_through
from bot.store.store import Store
from bot.store.witness import Witness, read_witness


@dataclass(frozen=True, slots=True)
class Against:
    """What a log is held against: the file of the second place, and the keys that count."""

    file: Path | None = None
    keys: Keys = field(default_factory=dict[str, bytes])


async def verify_lines(
    store: Store, against: Against, stream: str = "", seq: int = 1
) -> tuple[list[str], bool]:
    """Check every chain, then every signature; return what to print and whether all is sound.

    With `stream` or `seq` only that part of the chains is walked (bot.store.audit.Part).

    Raises:
        ConfigError: The file of the second place cannot be read.
        NotFoundError: There is no such stream.
    """
    part = Part(stream, seq)
    witness = Witness() if against.file is None else read_witness(against.file)
    seen = await store.checkpoints.since(0)
    heads = await store.log.heads()
    breaks = await store.verify([line.seen for line in witness.lines.values()], part)
    notes = [f"{against.file} line {n} cannot be read and was left out" for n in witness.unreadable]
    if part.stream and part.stream not in heads and not breaks:
        raise NotFoundError(f"there is no {part.stream}")
    bad = break_lines(breaks)
    if against.keys:
        fault = first_fault(seen, against.keys)
        if fault is None and not breaks:  # a count that is wrong tells least of all
            fault = await _miscounted(store, seen)
        bad += break_lines([fault] if fault is not None else [])
        if against.file is not None:
            bad += [f"{against.file} {fault}" for fault in line_faults(witness, seen, against.keys)]
    elif any(one.fact is not None and one.fact.signature for one in seen):
        bad.append("no signature was checked: there is no key here; name one with --public-key")
    if bad:
        return [*notes, *dict.fromkeys(bad)], False
    return [*notes, *_sound(heads, seen, against, part)], True


def _sound(
    heads: Mapping[str, tuple[int, str]], seen: list[Checkpoint], against: Against, part: Part
) -> list[str]:
    streams = {part.stream: heads[part.stream]} if part.stream else heads
    total = sum(seq for seq, _ in streams.values())
    said = f"sound: {len(streams)} stream{'' if len(streams) == 1 else 's'}, {total} events"
    said += ", every hash fits" if part.seq <= 1 else f", every hash from event {part.seq} on fits"
    if against.file is not None:
        said += f", as {against.file} saw them"
    signed = [one for one in seen if one.fact is not None and one.fact.signature]
    if not against.keys:
        return [said]
    if not signed:
        return [said, "no checkpoint yet: what is cut off at the end would not show"]
    lines = [
        said,
        f"{len(signed)} signed checkpoints, the newest is {HOUSE} event {signed[-1].seq}",
    ]
    if against.file is None and any(one.fact is not None and one.fact.witnessed for one in signed):
        lines.append("they also went to a second place; hold the log against it: --checkpoints")
    return lines


async def _miscounted(store: Store, seen: list[Checkpoint]) -> Break | None:
    """Return the newest checkpoint as a break when the log has not as many events as it says."""
    newest = next((one for one in reversed(seen) if one.fact is not None and one.fact.events), None)
    if newest is None or newest.fact is None:
        return None
    said, through = newest.fact.events, newest.fact.through
    there = await store.database.ask(lambda connection: events_through(connection, through))
    if there == said:
        return None
    return Break(HOUSE, newest.seq, f"it counted {said} events up to then, and there are {there}")
