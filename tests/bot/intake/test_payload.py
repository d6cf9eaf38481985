import gzip
import json
import math
import unicodedata
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from bot.errors import InputError, OversizeError
from bot.intake.payload import MAX_DEPTH, clean_text, inflate, read_json

CAP = 5 * 1024 * 1024
HUGE = 2**53


def read(text: str | bytes, encoding: str = "", cap: int = CAP) -> JsonValue:
    return read_json(text.encode() if isinstance(text, str) else text, encoding, cap)


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, "a": 2}', {"a": 2}),
        ("[NaN, Infinity, -Infinity, 1e999, 1.5]", [None, None, None, None, 1.5]),
        (f"[{HUGE - 1}, {HUGE}, -{HUGE}]", [HUGE - 1, str(HUGE), str(-HUGE)]),
        ("9" * 5000, "9" * 5000),
        (r'"a\u0000b\ud800c\udfff"', "abc"),
        (r'"\ud83d\ude00"', "😀"),
        (r'{"k\u0007": "\u001b[31mred"}', {"k": "[31mred"}),
        (r'"a\r\n\tb\bc\fd\u007fe\u0085f"', "a\n\tbcdef"),
        ('"a\rb\x01\nc\td"', "ab\nc\td"),
        ('"e\u0301"', "é"),
        (r'"e\u0301"', "é"),
        (r'"\u0026\u003c\u003e\u0041"', "&<>A"),
        (r'"\\u0000"', r"\u0000"),
        (r'"\\\u0000"', "\\"),
        ("\ufeff[1]", [1]),
        (" \n null \r\n", None),
    ],
)  # fmt: skip
def test_values_are_made_encodable(text: str, value: JsonValue) -> None:
    assert read(text) == value


def test_bytes_that_are_no_utf8_are_replaced_not_refused() -> None:
    assert read(b'{"a": "\xff\xfeok"}') == {"a": "\ufffd\ufffdok"}


@pytest.mark.parametrize(
    "text",
    ["", " ", "{", '{"a": }', "nope", "[1] [2]", "{'a': 1}", '"\\x"', "\x00", "a=1&b=2", "<x/>"],
)
def test_d04_malformed_json_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputError, match="not JSON") as caught:
        read(text)
    assert not isinstance(caught.value, OversizeError)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_d05_json_nests_at_most_64_levels(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    assert read(opening * (MAX_DEPTH - 1) + "[]" + closing * (MAX_DEPTH - 1)) is not None
    with pytest.raises(InputError, match="64 levels"):
        read(opening * MAX_DEPTH + "[]" + closing * MAX_DEPTH)


@pytest.mark.parametrize("opening", ["[", '{"a":', "[{"])
def test_d05_a_million_levels_are_refused_and_blow_nothing_up(opening: str) -> None:
    with pytest.raises(InputError):
        read(opening * 1_000_000)


def test_d05_brackets_in_texts_are_no_levels() -> None:
    assert read(json.dumps("[{" * 500)) == "[{" * 500
    assert read(json.dumps({"a": "[" * 500})) == {"a": "[" * 500}


@pytest.mark.parametrize("text", ["1", "10.5", "true", f"[{'[],' * 100}1]", f"[{'{},' * 100}1]"])
def test_d05_a_wide_body_is_not_deep(text: str) -> None:
    assert read(text) == json.loads(text)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("", b"[1]"),
        ("identity", b"[1]"),
        ("gzip", gzip.compress(b"[1]", mtime=0)),
        ("X-GZIP ", gzip.compress(b"[1]", mtime=0)),
        ("gzip", gzip.compress(b"[", mtime=0) + gzip.compress(b"1]", mtime=0)),
        ("deflate", zlib.compress(b"[1]")),
        ("deflate", raw_deflate(b"[1]")),
    ],
)
def test_a_compressed_body_is_inflated(encoding: str, packed: bytes) -> None:
    assert read(packed, encoding) == [1]


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", b"[1]"),
        ("gzip", b""),
        ("gzip", gzip.compress(b"[1]", mtime=0)[:-4]),
        ("gzip", gzip.compress(b"[1]", mtime=0) + b"rest"),
        ("gzip", gzip.compress(b"", mtime=0) * 20_000),
        ("deflate", b"[1]"),
        ("deflate", b""),
        ("br", b"[1]"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"[1]", mtime=0), mtime=0)),
    ],
)
def test_d04_what_is_not_compressed_as_it_says_is_refused(encoding: str, packed: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read(packed, encoding)
    assert not isinstance(caught.value, OversizeError)


ZEROS = b"0" * 2_000_000


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [
        pytest.param("gzip", gzip.compress(ZEROS, mtime=0), id="gzip"),
        pytest.param("deflate", zlib.compress(ZEROS), id="zlib"),
        pytest.param("deflate", raw_deflate(ZEROS), id="deflate"),
    ],
)
def test_d05_gzip_bomb_is_not_inflated(encoding: str, bomb: bytes) -> None:
    with pytest.raises(OversizeError, match="100 times"):
        read(bomb, encoding)


def test_d05_a_bomb_in_pieces_is_one_bomb() -> None:
    piece = gzip.compress(b"0" * 40_000, mtime=0)
    with pytest.raises(OversizeError):
        read(piece * 10, "gzip", 200_000)


def test_d05_a_body_larger_than_the_cap_is_refused_packed_or_not() -> None:
    body = json.dumps([str(n) for n in range(1000)]).encode()
    assert inflate(gzip.compress(body, mtime=0), "gzip", len(body)) == body
    for packed, encoding in ((body, ""), (gzip.compress(body, mtime=0), "gzip")):
        with pytest.raises(OversizeError):
            read(packed, encoding, len(body) - 1)


def is_clean(value: JsonValue) -> bool:
    if isinstance(value, str):
        plain = value.replace("\n", "").replace("\t", "")
        controls = {c for c in plain if unicodedata.category(c) in {"Cc", "Cs"}}
        return not controls and unicodedata.is_normalized("NFC", value)
    if isinstance(value, list):
        return all(map(is_clean, value))
    if isinstance(value, dict):
        return all(is_clean(name) and is_clean(item) for name, item in value.items())
    return not isinstance(value, float) or math.isfinite(value)


@given(st.binary(), st.sampled_from(["", "gzip", "deflate", "identity", "br"]))
def test_d04_random_bytes_are_json_or_an_input_error(body: bytes, encoding: str) -> None:
    try:
        value = read(body, encoding)
    except InputError:
        return
    assert is_clean(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=12,
)


@given(JSON, st.booleans())
def test_whatever_json_comes_it_is_clean_and_can_be_encoded(
    value: JsonValue,
    ascii_only: bool,
) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    cleaned = read(body)
    assert is_clean(cleaned)
    json.dumps(cleaned, allow_nan=False, ensure_ascii=False).encode()


@given(st.text(st.characters(codec="ascii")))
def test_the_quick_way_gives_what_the_slow_way_gives(text: str) -> None:
    assert read(json.dumps({"a": [text]})) == {"a": [clean_text(text)]}
