"""Which build this is: the version and the git revision, for logs, cards and metrics."""

from functools import cache
from pathlib import Path

VERSION = "0.1.0"
_ROOT = Path(__file__).resolve().parent.parent
_BAKED = Path(__file__).resolve().parent / "REVISION"


def revision() -> str:
    """Return the short git revision: baked into an image, or read from the checkout's `.git`.

    Empty when neither is there.
    """
    if _BAKED.is_file():
        return _BAKED.read_text().strip()[:12]
    return _of_checkout(_ROOT / ".git")


def _of_checkout(git: Path) -> str:
    try:
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head[:12]
        ref = head.removeprefix("ref: ")
        if (git / ref).is_file():
            return (git / ref).read_text().strip()[:12]
        for line in (git / "packed-refs").read_text().splitlines():
            if line.endswith(f" {ref}"):
                return line[:12]
    except OSError:
        return ""
    return ""


@cache
def build_name() -> str:
    """Return `0.1.0 1a2b3c4d5e6f`, of when the process began; the version alone when unknown."""
    return " ".join(filter(None, (VERSION, revision())))


def version_line() -> str:
    """Return `triagebot 0.1.0 (1a2b3c4d5e6f)`; the revision is left out when unknown."""
    found = revision()
    return f"triagebot {VERSION}{f' ({found})' if found else ''}"
