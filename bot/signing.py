"""Whether a request is from who it says it is: pure checks over raw bytes, in constant time."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.errors import SignatureError

MAX_AGE_S = 300
"""How far a signed timestamp may lie from our clock, either way (D-01)."""
_TIMESTAMP_CHARS = 12
_PREFIX = "sha256="


def check_bearer(authorization: str, secrets: Sequence[str]) -> None:
    """Accept `Authorization: Bearer <secret>` for any of `secrets`; empty ones never match.

    Raises:
        SignatureError: Another scheme, a wrong token, or no secret is set.
    """
    _match([_credentials(authorization, "bearer")], (_utf8(secret) for secret in secrets if secret))


def check_basic(authorization: str, secrets: Sequence[str]) -> None:
    """Accept `Authorization: Basic …` for any of `secrets`, each written `user:password`.

    Raises:
        SignatureError: Another scheme, not base64, a wrong user or password, or no secret is set.
    """
    encoded = _credentials(authorization, "basic")
    try:
        given = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise SignatureError("the Basic credentials are not base64; send user:password") from None
    _match([given], (_utf8(secret) for secret in secrets if secret))


def check_hmac(signature: str, body: bytes, secrets: Sequence[str]) -> None:
    """Accept the hex HMAC-SHA256 of `body` under any of `secrets`.

    Args:
        signature: The header's value: one or several signatures divided by commas, each with or
            without `sha256=` before it.
        body: The raw bytes that were signed; with a timestamp, what `timestamped` returns.
        secrets: All that are valid now, so that one can be replaced by another.

    Raises:
        SignatureError: No signature, a wrong one, or no secret is set.
    """
    if not signature:
        raise SignatureError("the signature is missing; sign the body with the route's secret")
    given = [_utf8(part.strip().removeprefix(_PREFIX).lower()) for part in signature.split(",", 8)]
    _match(given, (_utf8(sign(secret, body)) for secret in secrets if secret))


def check_age(timestamp: str, now: datetime) -> None:
    """Accept Unix seconds that lie at most `MAX_AGE_S` from `now`.

    Raises:
        SignatureError: Missing, not a whole number, or too far away.
    """
    text = timestamp.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= _TIMESTAMP_CHARS):
        raise SignatureError("the timestamp is missing or not Unix seconds; send a whole number")
    age_s = now.timestamp() - int(text)
    if abs(age_s) > MAX_AGE_S:
        raise SignatureError(
            f"the timestamp is {age_s:.0f} s old and {MAX_AGE_S} s are allowed; "
            "set the sender's clock, or send it again freshly signed"
        )


def timestamped(timestamp: str, body: bytes) -> bytes:
    """Return what is signed when a timestamp is: `{timestamp}.` and the raw body."""
    return _utf8(timestamp.strip()) + b"." + body


def sign(secret: str, body: bytes) -> str:
    """Return the hex HMAC-SHA256 of `body`, as `check_hmac` accepts it."""
    return hmac.new(_utf8(secret), body, hashlib.sha256).hexdigest()


def body_digest(body: bytes) -> str:
    """Return the SHA-256 of a body in hex."""
    return hashlib.sha256(body).hexdigest()


def _credentials(authorization: str, scheme: str) -> bytes:
    given, _, rest = authorization.strip().partition(" ")
    if given.lower() != scheme or not rest.strip():
        raise SignatureError(f"this door wants Authorization: {scheme.capitalize()} …; send it")
    return _raw(rest.strip())


def _match(given: Sequence[bytes], valid: Iterable[bytes]) -> None:
    """Compare all with all, so that the time tells neither which nor how much of it matched."""
    pairs = [(one, other) for other in valid for one in given]
    if not sum(hmac.compare_digest(one, other) for one, other in pairs):
        raise SignatureError("the credentials are not those of this door; check the secret")


def _raw(header: str) -> bytes:
    """Return the bytes of a header's value as they came: a server reads them as Latin-1."""
    return header.encode("latin-1", "replace")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
