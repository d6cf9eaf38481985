import re
import subprocess
import sys
import tomllib
from pathlib import Path

from bot.version import VERSION, version_line

ROOT = Path(__file__).parents[2]
HEAVY = ("uvicorn", "fastapi", "sqlalchemy", "starlette", "typer", "httpx", "pydantic", "jinja2")


def test_the_version_is_the_one_of_the_package() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert declared == VERSION


def test_the_line_names_version_and_revision() -> None:
    assert re.fullmatch(rf"triagebot {re.escape(VERSION)}( \([0-9a-f]{{7,12}}\))?", version_line())


def test_printing_the_version_imports_no_server_and_no_sdk() -> None:
    code = (
        "import sys; sys.argv[1:] = ['--version']; from bot.cli import main; main(); "
        "print(','.join(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("triagebot ")
    loaded = set(done.stderr.strip().split(","))
    assert not loaded & set(HEAVY)
