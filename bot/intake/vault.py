"""Seals one-time secrets for the database: only who holds the key file can open them again."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.errors import ForbiddenError
from bot.ports import Clock

PURPOSE = b"triagebot step-up v1"
NONCE_BYTES = 12
CANNOT = (
    "Your one-time codes were set up under another signing key and cannot be checked any more. "
    "Have an admin run: triagebot stepup reset {person}"
)


class Vault:
    """AES-256-GCM under a key of 32 bytes that serves this alone; a seal fits one person only."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._cipher = AESGCM(key)
        self._clock = clock

    def seal(self, person: str, secret: str) -> bytes:
        """Return the sealed secret."""
        nonce = bytes.fromhex(self._clock.token(NONCE_BYTES))
        return nonce + self._cipher.encrypt(nonce, secret.encode(), _whose(person))

    def open(self, person: str, sealed: bytes) -> str:
        """Return the secret that was sealed for this person.

        Raises:
            ForbiddenError: It was sealed for somebody else, under another key, or changed since.
        """
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, rest, _whose(person)).decode()
        except (InvalidTag, ValueError):
            raise ForbiddenError(CANNOT.format(person=person)) from None


def _whose(person: str) -> bytes:
    return PURPOSE + b"\0" + person.encode()
