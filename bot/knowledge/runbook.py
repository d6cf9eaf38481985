"""One Markdown file as a Runbook: plain text works, front matter is validated; not chosen."""

import difflib
import hashlib
import re
from functools import lru_cache

from bot.errors import ConfigError
from bot.incident.model import ActionTemplate, Ask, Diagnose, Runbook, RunbookOutcome, Value
from bot.knowledge import coherence, document, frontmatter

NAME_CHARS = 200
PARSED_MOST = 256


class FrontMatter(Value):
    """The keys a runbook may carry; all optional."""

    title: str = ""
    service: str = ""
    match: tuple[str, ...] = ()
    diagnose: tuple[Diagnose, ...] = ()
    outcomes: tuple[RunbookOutcome, ...] = ()
    otherwise: Ask | None = None
    actions: tuple[ActionTemplate, ...] = ()


OURS = frozenset(FrontMatter.model_fields) - {"title"}
"""Keys that make front matter ours; without one it is a web site's, read for its title only."""

_KEY = re.compile(r"^\s*[\"']?(\w+)[\"']?\s*:", re.MULTILINE)


@lru_cache(maxsize=PARSED_MOST)
def parse(name: str, path: str, text: str, digest: str = "") -> Runbook:
    """Return the runbook that `text` writes; `text` of the result is the body alone.

    The title is the front matter's, else the first heading, else the file name. Front matter that
    holds none of our keys (as of a static web site) gives its title and nothing else. Of a folder
    that is read again most files are as they were: those parsed last are remembered.

    Args:
        name: The file's path in the folder, without extension.
        path: As shown in messages.
        text: The file's text.
        digest: SHA-256 of the file's bytes in hex; computed from `text` when empty.

    Raises:
        ConfigError: Every fault of the first stage that found one, a line each, with file, line
            and field. Nothing is loaded in part.
    """
    parts = frontmatter.split(path, text)
    header = _header(path, parts)
    title = header.title or frontmatter.heading(parts.body) or name.rsplit("/", 1)[-1]
    runbook = Runbook(
        name=name[:NAME_CHARS],
        title=title,
        path=path,
        digest=digest or hashlib.sha256(text.encode()).hexdigest(),
        text=parts.body.strip().replace("\0", ""),
        match=header.match,
        service=header.service,
        diagnose=header.diagnose,
        outcomes=header.outcomes,
        otherwise=header.otherwise,
        actions=header.actions,
    )
    if faults := coherence.faults(runbook):
        raise ConfigError("\n".join(f"{path}: {fault}" for fault in faults))
    return runbook


def _header(path: str, parts: frontmatter.Split) -> FrontMatter:
    if parts.yaml is None:
        return FrontMatter()
    if not OURS & set(_KEY.findall(parts.yaml)):
        return _foreign(path, parts.yaml.splitlines(), parts.first_line)
    return document.read(path, parts.yaml, parts.first_line).validate(FrontMatter)


def _foreign(path: str, lines: list[str], first_line: int) -> FrontMatter:
    """Front matter of somebody else's format need not even be good YAML."""
    title = ""
    for number, line in enumerate(lines, start=first_line):
        key, colon, value = line.partition(":")
        if colon and key == "title":
            title = " ".join(value.split()).strip("'\"")
        near = difflib.get_close_matches(key, OURS, n=1, cutoff=0.72) if colon else []
        if near:
            raise ConfigError(
                f"{path} line {number}: {key}: is not a key I know; did you mean {near[0]!r}?"
            )
    return FrontMatter(title=title[:NAME_CHARS])
