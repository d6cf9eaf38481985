"""What a Markdown text tells a human to do first: its words as data, followed by nobody here."""

import re
from collections.abc import Iterator

STEPS = 3
STEP_CHARS = 200

_ITEM = re.compile(r"^ {0,3}(?:[-*+]|\d{1,3}[.)])\s+(?P<text>\S.*)")


def first_steps(text: str) -> tuple[str, ...]:
    """Return the first items of the first list, else the first paragraph; each clipped, no marks.

    Headings and code are passed over; empty when there is nothing else.
    """
    blocks = list(_blocks(text))
    for block in blocks:
        if items := list(_items(block)):
            return tuple(_clipped(item) for item in items[:STEPS])
    return tuple(_clipped(" ".join(block)) for block in blocks[:1])


def _blocks(text: str) -> Iterator[list[str]]:
    """Yield runs of lines between blank lines and headings, outside code fences."""
    fence, block = "", list[str]()
    for raw in [*text.splitlines(), ""]:
        line = raw.strip()
        is_fence = line.startswith(("```", "~~~"))
        if fence:
            fence = "" if line.startswith(fence) else fence
        elif line and not is_fence and not line.startswith(("#", "<!--")):
            block.append(raw.rstrip())
        else:
            fence = line[:3] if is_fence else ""
            if block:
                yield block
            block = []


def _items(block: list[str]) -> Iterator[str]:
    """Yield each item of the list the block begins with, its further lines joined."""
    item = ""
    for line in block:
        begun = _ITEM.match(line)
        if begun is not None:
            if item:
                yield item
            item = begun["text"]
        elif item:
            item = f"{item} {line.strip()}"
    if item:
        yield item


def _clipped(text: str) -> str:
    line = " ".join(text.replace("`", "").replace("**", "").split())
    return line if len(line) <= STEP_CHARS else f"{line[: STEP_CHARS - 1]}…"
