"""The knowledge folder on disk: read whole, re-read when it changed, never half or broken."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from stat import S_ISREG

from bot.errors import ConfigError
from bot.knowledge.library import Knowledge, gather
from bot.store.revision import git_revision

MAX_FILE_BYTES = 1024 * 1024
MAX_FILES = 2000

Stamp = tuple[int, int, int]
"""Modification and status time (ns) and size (bytes) of one file."""


class Folder:
    """Reads `TRIAGE_RUNBOOKS`. Files: `*.md` at any depth but README.md, `*.yaml` at the top.

    Names that begin with a dot are not read, links that lead out of the folder are refused.

    Attributes:
        knowledge: The last good state; empty before the first `load`.
        problem: Why the folder as it stands now is not in use, "" when it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.knowledge = Knowledge()
        self.problem = ""
        self._stamps: Mapping[str, Stamp] | None = None

    def load(self) -> Knowledge:
        """Read the folder and return what it says.

        Raises:
            ConfigError: It is missing, too large or broken; what was good before is kept.
        """
        self._stamps = None
        try:
            stamps = self._look()
            files = {name: self._read(name) for name in stamps}
            self._stamps = stamps
            self.knowledge = gather(files, git_revision(self.path))
        except ConfigError as error:
            self.problem = str(error)
            raise
        self.problem = ""
        return self.knowledge

    def reload(self) -> Knowledge | None:
        """Read again if a file changed; the new state, or None when there is nothing new and good.

        A touched file with the same bytes is nothing new. A broken folder leaves the last good
        state in use and says so in `problem`; it is looked at again when it changes again.
        """
        before = self.knowledge
        try:
            if self._stamps is not None and self._look() == self._stamps:
                return None
        except ConfigError as error:
            self.problem, self._stamps = str(error), None
            return None
        try:
            after = self.load()
        except ConfigError:
            return None
        if before.revision and after.digests == before.digests:
            self.knowledge = before
            return None
        return after

    def _look(self) -> dict[str, Stamp]:
        if not self.path.is_dir():
            raise ConfigError(
                f"{self.path}: there is no such folder; set TRIAGE_RUNBOOKS to the knowledge folder"
            )
        root = self.path.resolve()
        stamps: dict[str, Stamp] = {}
        for file in self._walk():
            name = file.relative_to(self.path).as_posix()
            try:
                if not file.resolve().is_relative_to(root):
                    raise ConfigError(f"{name}: links out of the folder; put the file itself here")
                stat = file.stat()
            except (OSError, RuntimeError) as error:
                raise ConfigError(f"{name}: cannot be read ({error}); mend or remove it") from error
            if not S_ISREG(stat.st_mode):
                raise ConfigError(f"{name}: is no file; a pipe or device is never read, remove it")
            if stat.st_size > MAX_FILE_BYTES:
                raise ConfigError(f"{name}: larger than 1 MiB; split it, or keep it elsewhere")
            stamps[name] = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)
            if len(stamps) > MAX_FILES:
                raise ConfigError(f"{self.path}: more than {MAX_FILES} files; keep only runbooks")
        return dict(sorted(stamps.items()))

    def _walk(self) -> Iterator[Path]:
        for place, folders, files in os.walk(self.path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            top = Path(place) == self.path
            for name in files:
                wanted = name.endswith(".md") and name.casefold() != "readme.md"
                if not name.startswith(".") and (wanted or (top and name.endswith(".yaml"))):
                    yield Path(place, name)

    def _read(self, name: str) -> bytes:
        try:
            with (self.path / name).open("rb") as file:
                raw = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise ConfigError(
                f"{name}: cannot be read ({error.strerror}); let the bot read it, or remove it"
            ) from error
        if len(raw) > MAX_FILE_BYTES:
            raise ConfigError(f"{name}: larger than 1 MiB; split it, or keep it elsewhere")
        return raw
