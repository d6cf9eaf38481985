"""Reads the prompts' files: all the words of ours that a model is sent, and their digest."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.agent.style import Style
from bot.errors import ConfigError

FOLDER = Path(__file__).parent / "prompts"
SYSTEM = "system.md"
SCRIBE_FILE = FOLDER / "scribe" / "draft.md"
"""What a scribe is told; it stands apart, because every file beside `system.md` is a specialist."""
TURN = "turn.md"
WORDS = (
    "fences",
    "tools",
    "now",
    "left",
    "last",
    "suggestion",
    "refused",
    "question",
    "choose",
    "second_look",
)  # fmt: skip
FILE_BYTES = 16 * 1024
"""No file of a prompt is larger."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """The styles of all specialists, by name."""

    styles: Mapping[str, Style]

    def style(self, specialist: str) -> Style:
        """Return the specialist's style.

        Raises:
            ConfigError: There is none of that name.
        """
        try:
            return self.styles[specialist]
        except KeyError:
            known = ", ".join(self.styles)
            raise ConfigError(
                f"there is no prompt of a specialist {specialist!r}; there is {known}: add "
                f"prompts/{specialist}.md, or name one of these in routes.yaml"
            ) from None


def read_prompts(folder: Path | None = None) -> Prompts:
    """Read a folder of prompts, ours if none is named.

    `system.md` is common to all, `turn.md` the lines around what happened (`name: words`), and
    every other `*.md` a specialist of that name: first its purpose in one sentence, then a blank
    line, then what it should mind.

    Raises:
        ConfigError: A file is missing, unreadable or not as above; the message says which.
    """
    folder = folder or FOLDER
    common, turn = read_prompt(folder / SYSTEM), read_prompt(folder / TURN)
    words = _words(turn)
    names = sorted(path.stem for path in folder.glob("*.md") if path.name not in {SYSTEM, TURN})
    if not names:
        raise ConfigError(f"{folder} has no specialist: add one such as generalist.md")
    return Prompts(
        {
            name: _style(name, common, turn, read_prompt(folder / f"{name}.md"), words)
            for name in names
        }
    )


def read_prompt(path: Path) -> bytes:
    """Return one prompt as it stands in its file: UTF-8, not empty, at most 16 KiB.

    Raises:
        ConfigError: It is missing, unreadable or not as above; the message says which.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"the prompt {path} cannot be read: {error.strerror}") from None
    if not raw.strip() or len(raw) > FILE_BYTES:
        raise ConfigError(f"the prompt {path} must hold 1 to {FILE_BYTES} bytes of text")
    try:
        raw.decode()
    except UnicodeDecodeError:
        raise ConfigError(f"the prompt {path} is not UTF-8; write it again as UTF-8") from None
    return raw


def _style(name: str, common: bytes, turn: bytes, own: bytes, words: Mapping[str, str]) -> Style:
    text = own.decode().strip()
    purpose = text.partition("\n")[0].strip()
    if not purpose.endswith(".") or purpose.startswith("#"):
        raise ConfigError(
            f"prompts/{name}.md must begin with its purpose, one sentence that ends with a full "
            "stop"
        )
    digest = hashlib.sha256()
    for part in (common, turn, own):
        digest.update(len(part).to_bytes(8, "big") + part)
    system = f"{common.decode().strip()}\n\n# Your task\n{text}\n"
    return Style(name, purpose, system, digest.hexdigest(), words)


def _words(turn: bytes) -> Mapping[str, str]:
    pairs = [line.partition(":") for line in turn.decode().splitlines() if line.strip()]
    words = {name.strip(): said.strip() for name, _, said in pairs}
    missing = [name for name in WORDS if not words.get(name)]
    unknown = [name for name in words if name not in WORDS]
    if missing or unknown:
        raise ConfigError(
            f"prompts/{TURN} must have a line `name: words` for each of {', '.join(WORDS)}; "
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
        )
    return words
