"""The git revision of a folder, read from git's own files; it starts no process."""

import re
from pathlib import Path

_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SMALL_BYTES = 4096
_PACKED_BYTES = 16 * 1024 * 1024


def git_revision(folder: Path) -> str:
    """Return the full hash that is checked out where `folder` lies; "" outside git or unborn."""
    try:
        place = _git_folder(folder.resolve())
        return _head(place) if place else ""
    except (OSError, UnicodeDecodeError):
        return ""


def _git_folder(folder: Path) -> Path | None:
    for place in (folder, *folder.parents):
        found = place / ".git"
        if found.is_dir():
            return found
        if found.is_file():
            pointer = _read(found).removeprefix("gitdir:").strip()
            return (place / pointer).resolve()
    return None


def _head(git: Path) -> str:
    head = _read(git / "HEAD")
    if not head.startswith("ref:"):
        return _hash(head)
    name = head.removeprefix("ref:").strip()
    common = git / "commondir"
    places = [git, *([(git / _read(common)).resolve()] if common.is_file() else [])]
    for place in places:
        if (place / name).is_file():
            return _hash(_read(place / name))
    return next((found for place in places if (found := _packed(place, name))), "")


def _packed(git: Path, name: str) -> str:
    packed = git / "packed-refs"
    if not packed.is_file():
        return ""
    for line in _read(packed, _PACKED_BYTES).splitlines():
        found, _, ref = line.partition(" ")
        if ref == name:
            return _hash(found)
    return ""


def _read(path: Path, most_bytes: int = _SMALL_BYTES) -> str:
    with path.open("rb") as file:
        return file.read(most_bytes).decode().strip()


def _hash(text: str) -> str:
    return text if _HASH.fullmatch(text) else ""
