"""A webhook's raw bytes as clean JSON: bounded, encodable, and InputError for anything else."""

import re
import unicodedata
import zlib
from json import JSONDecodeError, JSONDecoder
from math import isfinite
from typing import cast

from pydantic import JsonValue

from bot.errors import InputError, OversizeError

MAX_DEPTH = 64
MAX_RATIO = 100
"""How many times larger than what was sent a body may become (D-05)."""
EXACT_INT = 2**53
"""From here on a JSON number is kept as text: not every reader of JSON can hold it."""
_EXACT_DIGITS = 17
_MAX_MEMBERS = 16

# A body none of these is found in needs no second look: it is ASCII, and escapes only what is
# printable. Alertmanager escapes & < and > as \u0026 and so on, so those must pass.
_DELETE = b"\x7f"
_find_suspicious = re.compile(rb"\\(?:[bfr]|u(?:00(?:[^2-7]|7[fF])|0[^0]|[^0]))").search
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def read_json(body: bytes, encoding: str, max_bytes: int) -> JsonValue:
    """Return the JSON value in `body`; the last of duplicate keys wins.

    NaN, infinities and numbers beyond a double become null, integers from 2^53 on become text.
    Keys and strings lose control characters but newline and tab, NUL and lone surrogates, and are
    in NFC. Bytes that are no UTF-8 become U+FFFD.

    Args:
        body: As it came.
        encoding: The Content-Encoding header: empty, identity, gzip or deflate.
        max_bytes: Largest inflated body.

    Raises:
        OversizeError: Too large, or more than `MAX_RATIO` times what was sent.
        InputError: Not one JSON document, nested deeper than `MAX_DEPTH`, or an encoding that is
            not read here.
    """
    body = inflate(body, encoding, max_bytes)
    text = body.decode("utf-8", "replace").removeprefix("\ufeff")
    value, strict = _parse(text)
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        _check_depth(value)
    return value if strict and is_plain(body) else _clean(value)


def is_plain(body: bytes) -> bool:
    """Tell whether the strings in a body, once read, are as `clean_text` would have them."""
    return body.isascii() and _DELETE not in body and _find_suspicious(body) is None


def inflate(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """Return the body without its Content-Encoding; see `read_json`."""
    word = encoding.strip().lower()
    if word in {"", "identity"}:
        plain = body
    elif word in {"gzip", "x-gzip", "deflate"}:
        plain = _inflated(body, word, min(max_bytes, MAX_RATIO * len(body)))
    else:
        raise InputError(f"Content-Encoding {word[:40]!r} is not read here; send gzip or none")
    if len(plain) > max_bytes:
        raise OversizeError(f"the body is larger than {max_bytes} bytes; send less at once")
    return plain


def clean_text(text: str) -> str:
    """Return `text` in NFC without control characters (but newline and tab) and surrogates."""
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFC", _UNWANTED.sub("", text))


def _inflated(body: bytes, word: str, limit: int) -> bytes:
    is_zlib = body[:1] and body[0] & 0x0F == 8  # the word deflate means both, raw and zlib
    wbits = 31 if word != "deflate" else 15 if is_zlib else -15
    parts: list[bytes] = []
    room = limit
    rest = body
    try:
        for _ in range(_MAX_MEMBERS):  # a gzip file may have several, and each costs a copy
            stream = zlib.decompressobj(wbits)
            part = stream.decompress(rest, room + 1)
            room -= len(part)
            if room < 0:
                raise OversizeError(
                    f"the body inflates to more than {limit} bytes; at most {MAX_RATIO} times "
                    "what was sent is read, send it uncompressed or less at once"
                )
            if not stream.eof:
                raise InputError("the compressed body ends too early; send it again")
            parts.append(part)
            rest = stream.unused_data
            if not rest:
                return b"".join(parts)
    except zlib.error:
        pass
    raise InputError(f"the body is not {word}, as its Content-Encoding says")


def _parse(text: str) -> tuple[JsonValue, bool]:
    """Return the value, and whether no string held a raw control character."""
    try:
        try:
            return _STRICT(text), True
        except JSONDecodeError as error:
            if not error.msg.startswith("Invalid control character"):
                raise
            return _LENIENT(text), False
    except JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise InputError(
            f"the body is not JSON ({error.msg}, {place}); send one document"
        ) from None
    except RecursionError:
        raise _too_deep() from None


def _integer(digits: str) -> int | str:
    if len(digits) > _EXACT_DIGITS:
        return digits
    number = int(digits)
    return number if -EXACT_INT < number < EXACT_INT else digits


def _real(digits: str) -> float | None:
    number = float(digits)
    return number if isfinite(number) else None


def _null(_word: str) -> None:
    return None


def _decode_with(*, strict: bool):
    decoder = JSONDecoder(
        parse_int=cast("type[int]", _integer),
        parse_float=cast("type[float]", _real),
        parse_constant=_null,
        strict=strict,
    )
    return decoder.decode


_STRICT = _decode_with(strict=True)
_LENIENT = _decode_with(strict=False)


def _check_depth(value: JsonValue) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> InputError:
    return InputError(f"the body nests deeper than {MAX_DEPTH} levels; send it flatter")


def _clean(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(name): _clean(item) for name, item in value.items()}
    return value
