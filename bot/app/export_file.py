"""The file of an export: a header, one event a line, and a signed last line; written and read.

Each event carries its hash and the one before, so the file proves itself without a database.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from bot.app.checkpoint import Keys
from bot.app.key import Key
from bot.app.public_key import is_signed
from bot.errors import ConfigError
from bot.incident.events import GENESIS, ChainLink, chain
from bot.incident.model import Value
from bot.incident.proposal import canonical
from bot.store.excerpt import StoredEvent

FORMAT = 1
SIGNED = b"triage-export-v1\0"


class Header(Value):
    """The first line; `heads` maps each stream in the file to `seq:hash` of its last event."""

    triagebot_audit: int
    version: str
    key: str
    incident: str
    since: str
    through: int
    heads: dict[str, str]


class Exported(Value):
    """One event; `body` is the very text that was hashed, `prev` and `hash` are hex."""

    stream: str
    seq: int
    type: str
    v: int
    at: str
    actor: str
    body: str
    prev: str
    hash: str


class Trailer(Value):
    """The last line; `sha256` is that of every byte before it, `signature` that of the rest."""

    events: int
    streams: int
    sha256: str
    key: str
    signature: str = ""


def written(value: Value) -> bytes:
    """Return one line: ASCII, and the same for the same value."""
    return json.dumps(value.model_dump(), separators=(",", ":")).encode() + b"\n"


def line_of(event: StoredEvent) -> Exported:
    """Return an event as it stands in the file; a byte that is no text becomes a lone surrogate."""
    return Exported(
        stream=event.stream,
        seq=event.seq,
        type=event.type,
        v=event.v,
        at=event.at,
        actor=event.actor,
        body=event.body.decode("utf-8", "surrogateescape"),
        prev=event.prev.hex(),
        hash=event.hash.hex(),
    )


def trailer_of(key: Key | None, events: int, streams: int, sha256: str) -> Trailer:
    """Return the last line, signed where there is a key."""
    bare = Trailer(events=events, streams=streams, sha256=sha256, key=key.id if key else "")
    return bare if key is None else bare.model_copy(update={"signature": key.sign(_message(bare))})


@dataclass(slots=True)
class Chains:
    """What was read so far: the head of each stream, and the number of events."""

    heads: dict[str, tuple[int, bytes]] = field(default_factory=dict[str, tuple[int, bytes]])
    events: int = 0

    def take(self, line: Exported) -> str:
        """Count an event; return why it is not what was written, "" when it is."""
        self.events += 1
        before = self.heads.get(line.stream)
        try:
            prev, hashed = bytes.fromhex(line.prev), bytes.fromhex(line.hash)
        except ValueError:
            return "its hash is none"
        body = line.body.encode("utf-8", "surrogateescape")
        link = ChainLink(line.stream, line.seq, line.type, line.v, line.at, body, line.actor)
        self.heads[line.stream] = (line.seq, hashed)
        if before is not None and (line.seq, prev) != (before[0] + 1, before[1]):
            return "it does not follow the event before it"
        if before is None and line.seq == 1 and prev != GENESIS:
            return "it is the first one and follows another"
        return "" if chain(prev, link) == hashed else "it is not what was written"


def check_file(path: Path, keys: Keys) -> tuple[list[str], bool]:
    """Verify an exported file without a database; return what to print and whether it is sound.

    Raises:
        ConfigError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            faults, header, trailer = _read(file)
    except OSError as error:
        raise ConfigError(f"{path}: the export cannot be read ({error.strerror})") from None
    if trailer is not None:
        faults += _signature_faults(trailer, keys)
    if faults or header is None or trailer is None:
        return [f"{path} {fault}" for fault in faults], False
    what = header.incident or "the whole log"
    since = f" since {header.since}" if header.since else ""
    held = f"{trailer.streams} streams, {trailer.events} events"
    return [
        f"sound: {what}{since}, {held}, every hash fits",
        f"signed by {trailer.key}, exported by version {header.version}",
    ], True


def _read(file: Iterable[bytes]) -> tuple[list[str], Header | None, Trailer | None]:
    """Return the faults of the chain, the header and the trailer; none where it is not there."""
    digest, chains, faults = hashlib.sha256(), Chains(), list[str]()
    header: Header | None = None
    for number, raw, is_last in _numbered(file):
        try:
            if number == 1:
                header = Header.model_validate_json(raw)
            elif is_last:
                trailer = Trailer.model_validate_json(raw)
                faults += _ends(header, trailer, chains, digest.hexdigest())
                return faults, header, trailer
            elif why := chains.take(Exported.model_validate(json.loads(raw))):
                faults.append(f"line {number}: {why}")
        except (ValidationError, ValueError):
            faults.append(f"line {number}: it cannot be read")
        if len(faults) > 20:
            break
        digest.update(raw)
    return [*faults, "does not end with its signed last line: it is not whole"], header, None


def _numbered(file: Iterable[bytes]) -> Iterator[tuple[int, bytes, bool]]:
    """Yield each line with its number, and whether it is the last one."""
    number, held = 0, b""
    for raw in file:
        if number:
            yield number, held, False
        number, held = number + 1, raw
    if number:
        yield number, held, number > 1


def _ends(header: Header | None, trailer: Trailer, chains: Chains, sha256: str) -> list[str]:
    heads = {name: f"{seq}:{hashed.hex()}" for name, (seq, hashed) in chains.heads.items()}
    faults: list[str] = []
    if header is None or header.triagebot_audit != FORMAT or header.key != trailer.key:
        faults.append("line 1: it is not the header of this export")
    elif header.heads != heads:
        faults.append("line 1: its heads are not those of the events")
    if trailer.sha256 != sha256:
        faults.append("the bytes are not those that were signed")
    if (trailer.events, trailer.streams) != (chains.events, len(heads)):
        faults.append("it has not as many events as were signed")
    return faults


def _signature_faults(trailer: Trailer, keys: Keys) -> list[str]:
    if not trailer.signature:
        return ["is not signed"]
    public = keys.get(trailer.key)
    if public is None:
        mend = "give that bot's public key (triagebot audit key) with --public-key"
        return [f"is signed by key {trailer.key}, which is none of yours; {mend}"]
    good = is_signed(public, _message(trailer), trailer.signature)
    return [] if good else ["bears a signature that is not that of what it says"]


def _message(trailer: Trailer) -> bytes:
    fields: Mapping[str, str | int] = trailer.model_dump(exclude={"signature"})
    return SIGNED + canonical(dict(fields))
