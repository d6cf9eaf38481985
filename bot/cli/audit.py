"""Commands about the event log as audit log: its key, its chains, and handing it out."""

import os
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.local import ask
from bot.cli.remote import UrlOption, address, hook_variables
from bot.errors import ConfigError
from bot.settings import load_settings

Public = Annotated[
    Path | None,
    typer.Option("--public-key", help="A file of PEM public keys; default: the bot's own."),
]


def key() -> int:
    """Print the public key that verifies checkpoints and exports, and its id; no secret.

    Text before and after a PEM block is allowed wherever a file of public keys is asked for, so
    what this prints can be kept as it is: add the next key's to the same file.
    """
    from bot.app.key import known_key
    from bot.app.public_key import pem_of

    settings = load_settings(hook_variables())
    found = known_key(settings)
    if found is None:
        raise ConfigError(
            f"there is no signing key at {settings.signing_key_file} yet; start the bot once, or "
            "set TRIAGE_SIGNING_KEY or TRIAGE_SIGNING_KEY_FILE to the bot's"
        )
    print(f"key {found.id}\n{pem_of(found.public)}", end="")
    return 0


def verify(
    file: Annotated[
        Path | None,
        typer.Option("--checkpoints", help="The file that TRIAGE_CHECKPOINTS names."),
    ] = None,
    public: Public = None,
    seq: Annotated[
        int,
        typer.Option("--from", min=1, help="Believe what a signed checkpoint saw before this seq."),
    ] = 1,
    stream: Annotated[str, typer.Option(help="Only this one: INC-4, or house.")] = "",
) -> int:
    """Check the chain of hashes, then the signed checkpoints; exit code 1 names the first fault.

    With the file of checkpoints it also finds what was cut off together with its checkpoint.
    With --from each stream is walked from the newest head below that seq that a checkpoint saw
    (from its start where none did); the signatures are always all checked.
    """
    from bot.app.verifying import Against, verify_lines

    against = Against(file, _keys(public))
    lines, sound = ask(lambda store: verify_lines(store, against, stream, seq))
    for line in lines:
        print(line)
    return 0 if sound else 1


def export(
    since: Annotated[
        str, typer.Option("--from", help="Only events from this time on, as 2026-11-30; UTC.")
    ] = "",
    incident: Annotated[str, typer.Option(help="Only this stream: INC-1, or house.")] = "",
    out: Annotated[Path | None, typer.Option(help="A new file; default: the terminal.")] = None,
    url: UrlOption = "",
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Read the database; the export is not recorded.")
    ] = False,
) -> int:
    """Write the log as JSON Lines: a header, one event a line with its hashes, a signed last line.

    The running bot is asked, which records who took what out. With --offline the database is read
    beside or without it, and nothing is recorded.
    """
    from bot.app.taking_out import ask_for_export, read_export

    settings = load_settings(hook_variables())
    with opened(out) as write:
        if offline:
            read_export(settings, incident, since, write)
            print("not recorded: read from the database, without the bot", file=sys.stderr)
        else:
            ask_for_export(settings, url or address(settings), incident, since, write)
    if out is not None:
        print(f"{out} is written; verify it with: triagebot audit check-export {out}")
    return 0


@contextmanager
def opened(out: Path | None) -> Generator[Callable[[bytes], object]]:
    """Yield what writes to a new file, or to the terminal.

    Raises:
        ConfigError: The file exists or cannot be written.
    """
    if out is None:
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    try:
        made = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(f"{out}: {error.strerror}; name a new file with --out") from None
    with os.fdopen(made, "wb") as file:
        yield file.write


def check_export(
    file: Annotated[Path, typer.Argument(help="What `triagebot audit export` wrote.")],
    public: Public = None,
) -> int:
    """Verify an exported file without a database; exit code 1 says what is wrong with it."""
    from bot.app.export_file import check_file

    lines, sound = check_file(file, _keys(public))
    for line in lines:
        print(line)
    return 0 if sound else 1


def _keys(public: Path | None) -> Mapping[str, bytes]:
    """Return the public keys that count: those of a file if one is named, else the bot's own."""
    from bot.app.key import public_keys
    from bot.app.public_key import read_public

    if public is not None:
        return read_public(public)
    return public_keys(load_settings(hook_variables()))
