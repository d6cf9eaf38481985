"""The operator's token: made at the first start, kept in a file only its owner can read."""

import os
import secrets
from pathlib import Path

from bot.errors import ConfigError
from bot.settings import Settings

MODE = 0o600
SHORTEST = 20


def operator_token(settings: Settings) -> tuple[str, bool]:
    """Return the operator's token, and whether it was made just now.

    Raises:
        ConfigError: The one that is set is short; or the file cannot be read or made, is empty,
            or others may read it.
    """
    given = given_token(settings)
    return (given, False) if given else make_token(settings.operator_token_file)


def known_token(settings: Settings) -> str:
    """Return the operator's token of a bot that was started before.

    Raises:
        ConfigError: There is none, or it cannot be read.
    """
    return given_token(settings) or read_token(settings.operator_token_file)


def given_token(settings: Settings) -> str:
    """Return the token that the environment gives; "" when the file is to be used.

    Raises:
        ConfigError: It is short.
    """
    token = settings.operator_token.get_secret_value()
    if token and len(token) < SHORTEST:
        raise ConfigError(
            f"TRIAGE_OPERATOR_TOKEN is shorter than {SHORTEST} characters; make one with: "
            "openssl rand -hex 32"
        )
    return token


def make_token(path: Path) -> tuple[str, bool]:
    """Return the token in `path`, and whether it was made just now.

    Raises:
        ConfigError: The file cannot be read or made, is empty, or others may read it.
    """
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    except FileExistsError:
        return read_token(path), False
    except OSError as error:
        raise ConfigError(
            f"{path}: the operator's token cannot be kept there ({error.strerror}); "
            "set TRIAGE_OPERATOR_TOKEN_FILE to a place the bot may write"
        ) from None
    token = secrets.token_urlsafe(32)
    with os.fdopen(made, "w") as file:
        file.write(f"{token}\n")
    return token, True


def read_token(path: Path) -> str:
    """Return the token in `path`.

    Raises:
        ConfigError: It cannot be read, is empty, or others may read it.
    """
    try:
        others = path.stat().st_mode & 0o077
        token = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot read the operator's token ({error.strerror}); "
            "start the bot once, or set TRIAGE_OPERATOR_TOKEN_FILE to its file"
        ) from None
    if others:
        raise ConfigError(f"{path}: others may read this token; run: chmod 600 {path}")
    if not token:
        raise ConfigError(f"{path}: the operator's token is empty; delete the file and start again")
    return token
