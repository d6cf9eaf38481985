"""What an error comes down to: its type and message, where it broke, and its root cause (factor 9).

It knows the traces of Python, Java, Go and Node, causes within causes; anything else is shortened
in its middle. Whatever comes out is one redacted line of at most `GIST_CHARS` characters.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.knowledge.redact import Redactor

GIST_CHARS = 400
READ_CHARS = 64 * 1024
"""Of a longer text only the beginning and the end are read."""
MESSAGE_CHARS = 150
LEAD_CHARS = 60
CUT = " … "

_EXCEPTION = re.compile(
    r"^(?:Exception in thread \"[^\"]{0,80}\" |Uncaught |\[cause\]: )?"
    r"(?P<type>(?:[A-Za-z_$][\w$]*\.)*[A-Z][\w$]*(?: \[[\w-]+\])?)(?::\s*(?P<said>.*))?$"
)
"""`pkg.Type: message`, and the bare `Type` that an exception without a message prints."""
_CAUSED = re.compile(r"^(?:Caused by|Wrapped by|Root cause|\[cause\]|Suppressed): ")
_PY_HEAD = re.compile(r"^(?:Exception Group )?Traceback \(most recent call last\):$")
_PY_FRAME = re.compile(r'^File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>.+))?$')
_JAVA_FRAME = re.compile(r"^at (?P<name>[\w.$/<>@-]+)\((?P<file>[^():]+)(?::(?P<line>\d+))?\)$")
_NODE_FRAME = re.compile(
    r"^at (?:async )?(?:(?P<name>[^()]+?) \()?(?P<file>(?:file://|node:)?[^():\s]+)"
    r":(?P<line>\d+):\d+\)?,?(?: \{)?$"
)
_GO_PANIC = re.compile(r"^(?:panic|fatal error): (?P<said>.*)$")
_GO_FRAME = re.compile(r"^(?P<file>/?\S+\.go):(?P<line>\d+)(?: \+0x[0-9a-f]+)?$")
_FOREIGN = re.compile(
    r"site-packages|dist-packages|/lib/python\d|^<frozen|^<string>|importlib|node_modules|^node:"
    r"|/usr/(?:local/)?(?:lib/)?go|/libexec/src/|/pkg/mod/|/src/runtime/|^internal/"
    r"|^(?:java|javax|jdk|sun|jakarta|kotlin|scala|com\.sun|io\.netty|org\.(?:springframework|apache"
    r"|hibernate|eclipse|jboss|postgresql|junit))\."
)
"""Frames of the platform and of libraries: where it broke, seldom why."""
_GROUP = re.compile(r"^[\s|+]*(?:-{3,}[ \d]*-*)?[\s|]*")


@dataclass(slots=True)
class _Part:
    """One exception of a chain; `frames` are (file, line, name) in the order of the text."""

    kind: str
    said: str = ""
    frames: tuple[tuple[str, str, str], ...] = ()
    innermost_last: bool = False

    @property
    def where(self) -> str:
        """The innermost frame that is no library's, else the innermost one."""
        inner = tuple(reversed(self.frames)) if self.innermost_last else self.frames
        own = (one for one in inner if not _FOREIGN.search(one[0]) and not _FOREIGN.search(one[2]))
        found = next(own, inner[0] if inner else None)
        if found is None:
            return ""
        file, line, name = found
        place = f"{_short_path(file)}:{line}" if line else _short_path(file)
        return f"{place} in {name}" if name else place

    @property
    def words(self) -> str:
        said = f"{self.kind}: {self.said}" if self.said else self.kind
        return _middle(said, MESSAGE_CHARS)


def gist(text: str) -> str:
    """Return what an error says in one line; empty for nothing but white space."""
    if len(text) > READ_CHARS:
        text = f"{text[: READ_CHARS // 2]}\n{CUT}\n{text[-READ_CHARS // 2 :]}"
    text = Redactor().text(text)
    lines = text.splitlines()
    lead, parts = _python(lines)
    if not parts:
        lead, parts = _go(lines)
    if not parts:
        lead, parts = _thrown(lines)
    said = _told(lead, parts) if parts else _flat(text)
    return _middle(said, GIST_CHARS)


def _told(lead: str, parts: Sequence[_Part]) -> str:
    """Return the outermost exception, then the root cause when it is another one."""
    outer, root = parts[0], parts[-1]
    said = [f"{_middle(lead, LEAD_CHARS)}: " if lead else "", outer.words]
    if outer.where:
        said.append(f" (at {outer.where})")
    if root is not outer and root.words != outer.words:
        where = f" (at {root.where})" if root.where else ""
        said.append(f"; root cause: {root.words}{where}")
    return "".join(said)


def _python(lines: Sequence[str]) -> tuple[str, list[_Part]]:
    """Return what stood before the first traceback, and its exceptions, outermost first.

    Of a group's exceptions the first one counts as its cause.
    """
    stripped = [_GROUP.sub("", line).strip() for line in lines]
    heads = [number for number, line in enumerate(stripped) if _PY_HEAD.match(line)]
    chain, inner = list[_Part](), list[_Part]()
    for head, end in zip(heads, [*heads[1:], len(stripped)], strict=False):
        found = list(_raised(lines, stripped, head, end))
        is_inner = bool(inner) and not lines[head].startswith("Traceback")
        (inner if is_inner else chain).extend(found[:1])
        if stripped[head].startswith("Exception Group"):
            inner.extend(found[1:] or [_Part("")])
    lead = _flat(" ".join(lines[: heads[0]])).rstrip(": ") if heads else ""
    return lead, [*chain[::-1], *[one for one in inner if one.kind][:1]]


def _raised(lines: Sequence[str], stripped: Sequence[str], head: int, end: int) -> Iterator[_Part]:
    """Yield the exception of one traceback, and those of its group that have no traceback."""
    places = [n for n in range(head, end) if _PY_FRAME.match(stripped[n])]
    frames = tuple(_frame(found) for n in places if (found := _PY_FRAME.match(stripped[n])))
    for number in range((places[-1] if places else head) + 1, end):
        found = _EXCEPTION.match(stripped[number])
        if found is not None and _is_outdented(lines[number]):
            said = (found["said"] or "").strip()
            yield _Part(found["type"], said, frames, innermost_last=True)
            frames = ()


def _is_outdented(line: str) -> bool:
    """The line of an exception is not indented within its traceback, source lines are."""
    within = re.sub(r"^[ ]*[|+] ", "", line)
    return not within.startswith((" ", "\t"))


def _go(lines: Sequence[str]) -> tuple[str, list[_Part]]:
    """Return what stood before a panic, and the panics: the first is the root cause."""
    stripped = [line.strip() for line in lines]
    heads = [number for number, line in enumerate(stripped) if _GO_PANIC.match(line)]
    if not heads:
        return "", []
    frames: list[tuple[str, str, str]] = []
    for number, line in enumerate(stripped):
        found = _GO_FRAME.match(line)
        if found is not None:
            name = stripped[number - 1].partition("(0x")[0].removeprefix("created by ")
            frames.append((found["file"], found["line"], name.removesuffix("(...)")))
    parts = [_Part("panic", stripped[number].partition(": ")[2]) for number in heads]
    parts[0].frames = tuple(frames)
    return _flat(" ".join(lines[: heads[0]])), parts[::-1]


def _thrown(lines: Sequence[str]) -> tuple[str, list[_Part]]:
    """Return what stood before a trace of Java or Node, and its exceptions, outermost first."""
    lead, parts, frames = list[str](), list[_Part](), list[tuple[str, str, str]]()
    for raw in lines:
        line = raw.strip()
        frame = _JAVA_FRAME.match(line) or _NODE_FRAME.match(line)
        if frame is not None:
            frames.append(_frame(frame))
            if parts:
                parts[-1].frames = (*parts[-1].frames, _frame(frame))
            continue
        suppressed = line.startswith("Suppressed: ")
        found = _EXCEPTION.match(_CAUSED.sub("", line))
        if found is not None and not suppressed and (not parts or _CAUSED.match(line)):
            parts.append(_Part(found["type"], (found["said"] or "").rstrip("{ ").strip()))
        elif not parts:
            lead.append(line)
    return (_flat(" ".join(lead)), parts) if frames and parts else ("", [])


def _frame(found: "re.Match[str]") -> tuple[str, str, str]:
    return found["file"], found["line"] or "", (found["name"] or "").strip()


def _short_path(path: str) -> str:
    """Return the last three parts of a path: enough to find it, no home of anybody's."""
    return "/".join(_pieces(path))


def _pieces(path: str) -> Iterator[str]:
    yield from path.removeprefix("file://").replace("\\", "/").strip("/").split("/")[-3:]


def _flat(text: str) -> str:
    return " ".join(text.split())


def _middle(text: str, most: int) -> str:
    """Return at most `most` characters: most of the beginning, and the end; no half placeholder."""
    if len(text) <= most:
        return text
    tail = most // 3
    begin, end = text[: most - tail - len(CUT)], text[-tail:]
    if begin.rfind("‹") > begin.rfind("›"):
        begin = begin[: begin.rfind("‹")]
    closes, opens = end.find("›"), end.find("‹")
    if closes >= 0 and (opens < 0 or closes < opens):
        end = end[closes + 1 :]
    return f"{begin.rstrip()}{CUT}{end.lstrip()}".strip()
