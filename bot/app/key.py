"""The bot's own key: made at the first start, and what is derived from it; the database has none.

From its 32 bytes come, by HKDF, the key that signs checkpoints and exports (Ed25519), the keys that
seal decisions and what lets people in (HMAC-SHA256), and that of the one-time secrets (AES-256).
"""

import base64
import hashlib
import hmac
import logging
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from bot.app.public_key import key_id, listing_of, pem_of, read_public
from bot.errors import ConfigError
from bot.incident.facts_action import DecisionMade
from bot.incident.proposal import canonical
from bot.settings import Settings

MODE = 0o600
SIZE_BYTES = 32
HEX_CHARS = 2 * SIZE_BYTES
MAKE = "openssl rand -hex 32"
SHARED = (
    "web and worker need one signing key that they share: set TRIAGE_SIGNING_KEY for all of them "
    f"(make one with: {MAKE}), or copy one file to each and name it in TRIAGE_SIGNING_KEY_FILE"
)
SIGNS, SEALS = b"triagebot checkpoints v1", b"triagebot decisions v1"
VAULTS, ADMITS = b"triagebot step-up v1", b"triagebot access v1"
DECISION = b"triage-decision-v1\0"
log = logging.getLogger(__name__)


class Key:
    """The key of one bot; `id` is the first 16 hex of the SHA-256 of its public half.

    `vault` is the key under which one-time secrets are kept (AES-256).
    """

    def __init__(self, secret: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self._private = Ed25519PrivateKey.from_private_bytes(_derive(secret, SIGNS))
        self._mac = _derive(secret, SEALS)
        self._admits = _derive(secret, ADMITS)
        self.vault = _derive(secret, VAULTS)
        self.public = self._private.public_key().public_bytes_raw()
        self.id = key_id(self.public)

    def sign(self, message: bytes) -> str:
        """Return the Ed25519 signature in base64; the same for the same message."""
        return base64.b64encode(self._private.sign(message)).decode()

    def admit(self, what: str, fields: JsonValue) -> str:
        """Return the seal of what lets somebody in; `what` parts one kind from another."""
        message = f"{what}\0".encode() + canonical(fields)
        return hmac.new(self._admits, message, hashlib.sha256).hexdigest()

    def seal(self, made: DecisionMade) -> str:
        """Return the seal of a decision (the `Sealer` port).

        Fields that hold their default are left out, so that a field that comes later breaks none.
        The incident is in the digest, which is a field.
        """
        fields = made.model_dump(mode="json", exclude={"seal"}, exclude_defaults=True)
        return hmac.new(self._mac, DECISION + canonical(fields), hashlib.sha256).hexdigest()

    def holds(self, made: DecisionMade) -> bool:
        """Tell whether a decision bears its seal."""
        try:
            return hmac.compare_digest(self.seal(made).encode(), made.seal.encode())
        except ValueError:  # its fields have no canonical form
            return False


def signing_key(settings: Settings, *, makes: bool) -> Key:
    """Return the bot's key: the one that is set, else that of the file, made if it may be.

    Raises:
        ConfigError: There is none, or it will not do; says what to do.
    """
    known = known_key(settings)
    if known is None and not makes:
        raise ConfigError(SHARED)
    return known or _make(settings.signing_key_file)


def check_key(settings: Settings, *, makes: bool) -> None:
    """Look at the key without making one.

    Raises:
        ConfigError: As `signing_key`.
    """
    if known_key(settings) is None and not makes:
        raise ConfigError(SHARED)


def known_key(settings: Settings) -> Key | None:
    """Return the bot's key; None when there is none yet.

    Raises:
        ConfigError: It will not do; says what to do.
    """
    given, path = settings.signing_key.get_secret_value(), settings.signing_key_file
    if given:
        return Key(_parse(given, "TRIAGE_SIGNING_KEY", f"make one with: {MAKE}"))
    if not path.exists():
        return None
    return _read(path)


def public_keys(settings: Settings) -> Mapping[str, bytes]:
    """Return id → public key of every key this bot has had, as far as its files tell.

    Raises:
        ConfigError: The key, or the list of public keys beside it, will not do.
    """
    known = known_key(settings)
    listed = listing_of(settings.signing_key_file)
    earlier = read_public(listed) if listed.exists() else {}
    return earlier if known is None else {**earlier, known.id: known.public}


def list_public(settings: Settings, key: Key) -> None:
    """Add the public half of `key` to the list beside the key's file, where there is one.

    Where the bot may not write (a mounted secret) it says so and goes on: nothing depends on it
    until the key is changed.

    Raises:
        ConfigError: The list that is there holds no public key.
    """
    path = listing_of(settings.signing_key_file)
    if settings.signing_key.get_secret_value() or (path.exists() and key.id in read_public(path)):
        return
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"key {key.id}\n{pem_of(key.public)}")
    except OSError as error:
        log.warning(
            "%s: the public key cannot be listed there (%s); before you change the key, keep what "
            "`triagebot audit key` prints",
            path,
            error.strerror,
        )


def _derive(secret: bytes, what: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=SIZE_BYTES, salt=None, info=what).derive(secret)


def _make(path: Path) -> Key:
    secret = secrets.token_bytes(SIZE_BYTES)
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    except FileExistsError:  # another process was quicker
        return _read(path)
    except OSError as error:
        raise ConfigError(
            f"{path}: the signing key cannot be kept there ({error.strerror}); "
            "set TRIAGE_SIGNING_KEY_FILE to a place the bot may write"
        ) from None
    with os.fdopen(made, "w") as file:
        file.write(f"{secret.hex()}\n")
    return Key(secret)


def _read(path: Path) -> Key:
    try:
        others = path.stat().st_mode & 0o077
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot read the signing key ({error.strerror}); let the bot read it, or "
            "set TRIAGE_SIGNING_KEY_FILE to its file"
        ) from None
    if others:
        raise ConfigError(f"{path}: others may read this signing key; run: chmod 600 {path}")
    mend = "put the right file there; without it, move it away: the bot makes a new key"
    return Key(_parse(text, str(path), mend))


def _parse(text: str, name: str, mend: str) -> bytes:
    given = text.strip()
    try:
        secret = bytes.fromhex(given)
    except ValueError:
        secret = b""
    if len(given) != HEX_CHARS or len(secret) != SIZE_BYTES:
        raise ConfigError(f"{name}: a signing key is {HEX_CHARS} hex characters; {mend}")
    return secret
