"""Where a Markdown text's YAML front matter ends and its body begins; it reads neither."""

from dataclasses import dataclass

from bot.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Split:
    """`yaml` is None without front matter; its first line is `first_line` of the file."""

    yaml: str | None
    body: str
    first_line: int = 2


def split(path: str, text: str) -> Split:
    """Split at the `---` lines; a text whose first line is not `---` is all body.

    Raises:
        ConfigError: Front matter was opened and never closed.
    """
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    if not lines or lines[0].rstrip() != "---":
        return Split(None, "".join(lines))
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() in {"---", "..."}:
            return Split("".join(lines[1:number]), "".join(lines[number + 1 :]))
    raise ConfigError(
        f"{path} line 1: the front matter opened by --- is never closed; "
        "add a line --- after it, or remove the first line"
    )


def heading(body: str) -> str:
    """Return the text of the first heading outside code fences, "" when there is none."""
    fence, previous = "", ""
    for raw in body.splitlines():
        line = raw.strip()
        if fence:
            fence = "" if line.startswith(fence) else fence
            continue
        if line.startswith(("```", "~~~")):
            fence, previous = line[:3], ""
            continue
        marks = len(line) - len(line.lstrip("#"))
        if 1 <= marks <= 6 and line[marks : marks + 1] in {" ", "\t"}:
            return _plain(line[marks:].rstrip("#"))
        if previous and len(line) > 1 and set(line) in ({"="}, {"-"}):
            return _plain(previous)
        previous = line if line and not line.startswith(("-", "*", ">", "|", "<")) else ""
    return ""


def _plain(text: str) -> str:
    return " ".join(text.replace("`", "").replace("*", "").split())[:200]
