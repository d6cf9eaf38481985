"""What is planted: our own orders, the shared strings, and how a model that obeys reads them."""

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OWN = Path(__file__).with_name("orders.jsonl")
SHARED = "shared/data/injections/injections.jsonl"
LOOKALIKES = str.maketrans("\u043e\u0435\u0430\u0456", "oeai")
TAGS = range(0xE0020, 0xE007F)
SPELLED = re.compile(r"\\u(?:e0[0-9a-f]{3}|[0-9a-f]{4})|\[\d+ unseen\]")
BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
TOLD = 40
"""So many letters of an order tell it from the others."""


@dataclass(frozen=True, slots=True)
class Order:
    """One text that wants something; `{evil}`, `{ghost}` and `{other}` are filled in later."""

    id: str
    kind: str
    text: str

    def about(self, evil: str, ghost: str, other: str) -> str:
        """Return the text about this address, this service and this evidence."""
        made = self.text.replace("{evil}", evil).replace("{ghost}", ghost)
        return made.replace("{other}", other)


def own_orders() -> list[Order]:
    """Return those we wrote."""
    return [Order(**json.loads(line)) for line in OWN.read_text().splitlines()]


def shared_orders() -> list[Order]:
    """Return those others wrote; none where they are not at hand."""
    places = (up / SHARED for up in Path(__file__).parents)
    found = next((path for path in places if path.exists()), None)
    lines = found.read_text().splitlines() if found is not None else []
    read = [json.loads(line) for line in lines]
    return [Order(str(one["id"]), str(one["category"]), str(one["text"])) for one in read]


def unmarked(text: str) -> str:
    """Return what stands in fences as it was before it was marked."""
    code = re.search(r"<([b-t]{8}) source=\.\.\.>", text)
    if code is None:
        return text
    word = code[1]
    fence = re.compile(
        rf"^<{word} source=[a-z][^\n]*>\n(.*?)\n</{word}>$", re.DOTALL | re.MULTILINE
    )
    inside = "\n".join(found[1] for found in fence.finditer(text))
    plain = re.sub(r"(?<!\\)\^", " ", inside).replace("\\^", "^")
    return plain.replace("&lt;", "<")


def bones(text: str) -> str:
    """Return the letters of a text, whatever it is dressed up in."""
    seen = SPELLED.sub("", text).translate(LOOKALIKES)
    return "".join(one for one in unicodedata.normalize("NFKC", seen).lower() if one.isalnum())


def deciphered(text: str) -> str:
    """Return a text with what it hides spelled out behind it: base64, and tags nobody sees."""
    hidden = [chr(ord(one) - 0xE0000) for one in text if ord(one) in TAGS]
    return "\n".join((text, "".join(hidden), *_decoded(text)))


def _decoded(text: str) -> Iterator[str]:
    for found in BASE64.findall(text):
        try:
            yield base64.b64decode(found, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
