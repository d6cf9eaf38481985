"""Draws a Paper as Markdown in which text from outside can be nothing but text. Pure.

Safe for CommonMark and GitHub's dialect: no heading, link, image, table, HTML, mention or
reference comes out of a text, and the front matter is as inert for a reader that takes it for text.
"""

import json
import re
from datetime import UTC, datetime

from bot.conversation.legible import legible
from bot.conversation.paper import (
    Bit,
    Bullets,
    Front,
    FrontMap,
    Gap,
    Paper,
    Part,
    Passage,
    Row,
    Subtitle,
)
from bot.conversation.permalink import Permalinks
from bot.conversation.phrases import one_line

MARKS = re.compile(r"[\\`*_\[\]#|~{}$^]")
"""What begins some markup wherever it stands."""
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
OPENING, CLOSING = "([{\"'“", ".,;:!?)]}\"'”…"
"""What stands around a word and is no part of it."""
PIECES = re.compile("([&<>])")
LEADING = re.compile(r"^([-+=]|\d{1,9}(?=[.)]))")
"""What begins a list, a rule or a heading at the start of a line."""
MAGIC = re.compile(
    r"//|@|[^\W\d]\.\w|\w\.[^\W\d]|\w_\w|[#!]\w|(?<!\d):[\w+-]+:|^\W*[A-Za-z][A-Za-z0-9+.-]*:\S"
    r"|(?<![0-9A-Za-z])[0-9a-f]{7,64}(?![0-9A-Za-z])"
)
"""What some renderer makes a link, a mention, a reference or a picture of, amid prose."""
PLAIN_YAML = re.compile(r"[^\W_]|[ ,;()%+=]|[.:](?=\s|$)|(?<=\d)\.(?=\d)|(?<=\w)-(?=\w)|(?<=\s)-")
GAP = "For people to write: "


def paper_markdown(paper: Paper, links: Permalinks) -> str:
    """Return the paper; the same paper gives the same bytes, and ends with one line end."""
    parts = [_front(paper), f"# {_row(paper.title, links)}"]
    for section in paper.sections:
        parts.append(f"## {section.title}")
        parts.extend(_part(part, links) for part in section.parts)
    return "\n\n".join(parts) + "\n"


def plain(text: str) -> str:
    """Return any text as one line of Markdown that shows exactly it and does nothing.

    White space is one blank each; what cannot be seen is spelled out. A word that a renderer would
    link, mention or look up becomes code, in which nothing happens.
    """
    words = [_word(word) for word in one_line(legible(text)).split(" ")]
    words[0] = LEADING.sub(lambda found: _led(found[0]), words[0])
    return " ".join(words)


def code_span(text: str) -> str:
    """Return any text as code on one line, "" for none; what HTML begins with stands outside it."""
    return "".join(
        ENTITIES.get(piece) or _fenced(piece) for piece in PIECES.split(one_line(legible(text)))
    )


def _fenced(piece: str) -> str:
    inner = piece.strip()
    if not inner:
        return piece
    longest = max((len(run) for run in re.findall(r"`+", inner)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if inner.startswith("`") or inner.endswith("`") else ""
    before, after = piece[: len(piece) - len(piece.lstrip())], piece[len(piece.rstrip()) :]
    return f"{before}{fence}{pad}{inner}{pad}{fence}{after}"


def _word(word: str) -> str:
    if not MAGIC.search(word):
        return _escaped_word(word)
    core = word.lstrip(OPENING).rstrip(CLOSING)
    before, _, after = word.partition(core) if core else ("", "", "")
    return f"{_escaped_word(before)}{code_span(core or word)}{_escaped_word(after)}"


def _escaped_word(word: str) -> str:
    return re.sub("[&<>]", lambda found: ENTITIES[found[0]], MARKS.sub(r"\\\g<0>", word))


def _led(begin: str) -> str:
    return f"{begin}\\" if begin.isdigit() else f"\\{begin}"


def _part(part: Part, links: Permalinks) -> str:
    match part:
        case Passage(row):
            return _row(row, links)
        case Subtitle(row):
            return f"### {_row(row, links)}"
        case Gap(prompt):
            return f"*{GAP}{plain(prompt)}*"
        case Bullets(rows):
            return "\n".join(f"- {_row(row, links)}" for row in rows)


def _row(row: Row, links: Permalinks) -> str:
    made = ""
    for bit in row:
        drawn = _bit(bit, links)
        made += f" {drawn}" if drawn[:1] == made[-1:] == "`" else drawn
    return made.strip()


def _bit(bit: Bit, links: Permalinks) -> str:
    edge = " " if bit.text[:1].isspace() else ""
    end = " " if bit.text.strip() and bit.text[-1:].isspace() else ""
    text = code_span(bit.text) if bit.code else plain(bit.text)
    if bit.path:
        return f"{edge}[{text}]({links.whole(bit.path)}){end}"
    return f"{edge}{text}{end}"


def _front(paper: Paper) -> str:
    lines = ["---"]
    for name, value in paper.front:
        if isinstance(value, FrontMap):
            lines.append(f"{name}:")
            lines.extend(f"  {key}: {_yaml(one)}" for key, one in value.pairs)
        else:
            lines.append(f"{name}: {_yaml(value)}")
    return "\n".join([*lines, "---"])


def _yaml(value: Front) -> str:
    match value:
        case None:
            return "null"
        case bool() | int():
            return json.dumps(value)
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        case tuple():
            return f"[{', '.join(quoted_yaml(one) for one in value)}]"
        case str():
            return quoted_yaml(value)


def quoted_yaml(text: str) -> str:
    r"""Return a double-quoted YAML scalar of which a Markdown reader can make nothing.

    Whatever could be markup there is written as `\x3c`, which YAML reads as the character itself.
    """
    return '"' + "".join(_escaped(text, place) for place in range(len(text))) + '"'


def _escaped(text: str, place: int) -> str:
    char = text[place]
    if PLAIN_YAML.match(text, place) and (char.isascii() or char.isprintable()):
        return char
    number = ord(char)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
