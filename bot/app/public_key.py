"""Public halves of signing keys: what verifies a signature, read from and listed in PEM files."""

import base64
import binascii
import hashlib
from pathlib import Path

from bot.errors import ConfigError

ID_CHARS = 16


def key_id(public: bytes) -> str:
    """Return the name of a public key."""
    return hashlib.sha256(public).hexdigest()[:ID_CHARS]


def is_signed(public: bytes, message: bytes, signature: str) -> bool:
    """Tell whether `signature` (base64) is that of `message` by the owner of `public`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        raw = base64.b64decode(signature, validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(raw, message)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def pem_of(public: bytes) -> str:
    """Return a public key as PEM, one line of it the key in base64."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    whole = Ed25519PublicKey.from_public_bytes(public)
    return whole.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def read_public(path: Path) -> dict[str, bytes]:
    """Return id → public key of every PEM block of a file; text between them is ignored.

    Raises:
        ConfigError: It cannot be read, or holds no Ed25519 public key.
    """
    try:
        blocks = path.read_text(encoding="utf-8", errors="replace").split("-----BEGIN PUBLIC KEY")
    except OSError as error:
        raise ConfigError(
            f"{path}: the public keys cannot be read ({error.strerror}); "
            "name a file with what `triagebot audit key` printed"
        ) from None
    keys = [_public_of(f"-----BEGIN PUBLIC KEY{block}") for block in blocks[1:]]
    if not keys or None in keys:
        raise ConfigError(
            f"{path} holds no Ed25519 public key; put what `triagebot audit key` printed there"
        )
    return {key_id(key): key for key in keys if key is not None}


def listing_of(path: Path) -> Path:
    """Return where the public halves of a key's file and of those before it are listed."""
    return path.with_name(f"{path.name}.pub")


def _public_of(pem: str) -> bytes | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        found = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return found.public_bytes_raw() if isinstance(found, Ed25519PublicKey) else None
