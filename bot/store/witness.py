"""The file outside the database that saw the heads: one signed JSON line a checkpoint.

Whoever can rewrite the database can rewrite the checkpoints in it; this file is for another disk.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from bot.errors import ConfigError
from bot.incident.fact import HOUSE
from bot.incident.model import Value

MODE = 0o600
TAIL_BYTES = 4 * 1024 * 1024
"""What is read of a file's end to find its last line; a line is a tenth of it at most."""


class Witnessed(Value):
    """One line: the checkpoint's own event on `house` (seq and hex hash), and what it saw.

    `checkpoint` is the signature that the event bears, `previous` that of the one before.
    `signature` is that of every other field of the line, by the key named `key`.
    """

    at: str
    seq: int
    hash: str
    heads: dict[str, str]
    through: int = 0
    events: int = 0
    key: str = ""
    previous: str = ""
    checkpoint: str = ""
    signature: str = ""

    @property
    def seen(self) -> dict[str, str]:
        """Every head it saw, its own among them."""
        return {**self.heads, HOUSE: f"{self.seq}:{self.hash}"}


@dataclass(slots=True)
class Witness:
    """What a file says: its lines by number, and the numbers of those that cannot be read."""

    lines: dict[int, Witnessed] = field(default_factory=dict[int, Witnessed])
    unreadable: list[int] = field(default_factory=list[int])


def bear_witness(path: Path, lines: Sequence[Witnessed]) -> None:
    """Append lines and wait until they are on the disk.

    Raises:
        OSError: They could not be written.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, MODE)
    try:
        size = os.fstat(file).st_size
        is_torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        text = "\n" if is_torn else ""
        text += "".join(f"{line.model_dump_json(exclude_defaults=True)}\n" for line in lines)
        os.write(file, text.encode())
        os.fsync(file)
    finally:
        os.close(file)


def last_line(path: Path) -> Witnessed | None:
    """Return the last line of a file that can be read; None when there is none.

    Raises:
        OSError: The file is there and cannot be read.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - TAIL_BYTES, 0))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return None
    return next((line for text in reversed(lines) if (line := _line(text)) is not None), None)


def read_witness(path: Path) -> Witness:
    """Return what a file says.

    Raises:
        ConfigError: The file cannot be read, or holds no checkpoint at all.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigError(
            f"{path}: the checkpoints cannot be read ({error.strerror}); name the file that "
            "TRIAGE_CHECKPOINTS names where the bot runs"
        ) from None
    witness = Witness()
    for number, text in enumerate(lines, start=1):
        line = _line(text)
        if line is None:
            witness.unreadable.append(number)
        else:
            witness.lines[number] = line
    if not witness.lines:
        raise ConfigError(f"{path} holds no checkpoint; is it the right file?")
    return witness


def _line(text: bytes) -> Witnessed | None:
    try:
        return Witnessed.model_validate_json(text)
    except ValidationError:
        return None
