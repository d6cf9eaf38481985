"""Adds a recipe of the README to a copy of the project, and says what that changed."""

import difflib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PARTS = ("bot", "channels", "tools", "runbooks", "tests")
COPY = re.compile(r"^cp (tests/recipes/(\S+)) (\S+?)/(?: |$)", re.MULTILINE)
IMPORT = re.compile(r"^```python title=(\S+/__init__\.py)\n(.+)\n```", re.MULTILINE)
TIMEOUT_S = 90.0


@dataclass(frozen=True)
class Recipe:
    """One new file, and the line by which it is imported ("" when it needs none)."""

    origin: str
    place: str
    line: str = ""
    package: str = ""


def recipes() -> dict[str, Recipe]:
    """Return the README's recipes by the name of their file."""
    text = ROOT.joinpath("README.md").read_text()
    lines = {str(package): str(line) for package, line in IMPORT.findall(text)}
    made: dict[str, Recipe] = {}
    for origin, name, folder in COPY.findall(text):
        where = "runbooks" if "TRIAGE_RUNBOOKS" in folder else folder
        package = f"{where}/__init__.py"
        made[name] = Recipe(origin, f"{where}/{name}", lines.get(package, ""), package)
    return made


@dataclass(frozen=True)
class House:
    """A copy of the project in a folder of its own, and what was in it at first."""

    root: Path
    before: Mapping[str, str]

    @classmethod
    def copied(cls, folder: Path) -> "House":
        skipped = shutil.ignore_patterns("__pycache__")
        for part in PARTS:
            shutil.copytree(ROOT / part, folder / part, ignore=skipped)
        shutil.copy(ROOT / "pyproject.toml", folder)
        return cls(folder, _texts(folder))

    def add(self, recipe: Recipe) -> None:
        """Do what the recipe says, the line where the linter wants it."""
        shutil.copy(self.root / recipe.origin, self.root / recipe.place)
        if not recipe.line:
            return
        package = self.root / recipe.package
        lines = package.read_text().splitlines(keepends=True)
        before = [n for n, one in enumerate(lines) if one.startswith("from ") and one < recipe.line]
        lines.insert(before[-1] + 1, f"{recipe.line}\n")
        package.write_text("".join(lines))

    def changes(self) -> tuple[list[str], list[str]]:
        """Return the files that are new, and every line that differs."""
        after = _texts(self.root)
        new = [name for name in after if name not in self.before]
        lines = [
            line
            for name, text in self.before.items()
            if after.get(name) != text
            for line in difflib.ndiff(text.splitlines(), after.get(name, "").splitlines())
            if line[0] in "+-"
        ]
        return new, lines

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run Python in the copy, and only with what is in it."""
        return subprocess.run(
            [sys.executable, *words],
            cwd=self.root,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(self.root), **env},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    def triagebot(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return self.run("-c", "from bot.cli import main; main()", *words, **env)


def _texts(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }
