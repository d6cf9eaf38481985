"""The house rules that no linter checks."""

import ast
import re
import shutil
import socket
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

import pytest

import bot
import channels
import tools
from tests.peers import peer

ROOT = Path(__file__).parent.parent
WALL = 300
ROOMS = ("bot", "channels", "tools")
CODE = [path for room in ROOMS for path in ROOT.joinpath(room).rglob("*.py")]
TESTS = list(ROOT.joinpath("tests").rglob("*.py"))
CONTRACTS = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text())["tool"]["importlinter"]
PURITY: list[str] = next(
    one["source_modules"] for one in CONTRACTS["contracts"] if one["id"] == "pure"
)


def is_pure(path: Path) -> bool:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return any(fnmatch(module, name) or module.startswith(f"{name}.") for name in PURITY)


PURE = [path for path in CODE if is_pure(path)]

VAGUE = {
    "base", "common", "data", "handler", "handlers", "helper", "helpers", "info", "manager",
    "managers", "misc", "processor", "processors", "util", "utils",
}  # fmt: skip

SAME_NAME_ON_PURPOSE = {
    "main": "the entry of each program",
    "parse": "said with its module: commands.parse, runbook.parse",
    "evaluate": "said with its module: policy.evaluate, predicate.evaluate",
    "example": "each source has one",
}

# In pieces, so that this file does not hold what it looks for.
MACHINE = re.compile(
    r"(?<![\w.~-])/(?:" + "|".join(["home", "ro" + "ot", "Users", "wo" + "rk"]) + ")/"
)
REGISTRIES = [
    "py" + "pi.org", "python" + "hosted.org", "registry.np" + "mjs", "registry.ya" + "rnpkg",
    "crates" + ".io", "proxy.go" + "lang.org", "ruby" + "gems.org", "deb." + "debian.org",
    "artif" + "actory",
]  # fmt: skip
UNFINISHED = re.compile(
    "|".join(["TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error", "pragma: no " + "cover"])
)


def known_files() -> list[Path]:
    """Every file git tracks or would; without git, what a checkout holds."""
    if shutil.which("git") and ROOT.joinpath(".git").exists():
        listed = subprocess.run(
            [peer("git"), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("\0")
        found = [ROOT / name for name in listed if name]
    else:
        found = [
            path
            for path in ROOT.rglob("*")
            if not {".venv", "__pycache__"} & set(path.relative_to(ROOT).parts)
        ]
    return [path for path in found if path.is_file()]


def texts() -> Iterator[tuple[str, str]]:
    for path in known_files():
        try:
            yield str(path.relative_to(ROOT)), path.read_text()
        except UnicodeDecodeError:
            continue  # a picture


def called(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_a_file_fits_in_the_head() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in CODE + TESTS}
    assert {str(path): length for path, length in lengths.items() if length > WALL} == {}


def test_a_module_is_named_after_what_it_is() -> None:
    named = {part for path in CODE + TESTS for part in path.relative_to(ROOT).with_suffix("").parts}
    assert named & VAGUE == set()


def test_a_public_name_has_one_owner() -> None:
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for path in ROOT.joinpath("bot").rglob("*.py"):
        if "migrations" in path.parts or path.name.startswith("shop"):
            continue  # Alembic names the functions of a revision; the shop is another program
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                owners[node.name].append(str(path.relative_to(ROOT)))
    shared = {
        name: paths
        for name, paths in owners.items()
        if len(paths) > 1 and not name.startswith("_") and name not in SAME_NAME_ON_PURPOSE
    }
    assert shared == {}


@pytest.mark.parametrize("package", [bot, channels, tools], ids=lambda package: package.__name__)
def test_our_generic_names_are_ours(package: ModuleType) -> None:
    assert set(packages_distributions().get(package.__name__, [])) <= {"triagebot"}
    assert package.__file__ == str(ROOT / package.__name__ / "__init__.py")


def test_every_test_folder_is_a_package() -> None:
    folders = {path.parent for path in TESTS}
    assert {
        str(folder) for folder in folders if not folder.joinpath("__init__.py").exists()
    } == set()


def test_every_room_of_the_code_is_a_package() -> None:
    folders = {path.parent for path in CODE if "migrations" not in path.parts}
    assert {
        str(folder) for folder in folders if not folder.joinpath("__init__.py").exists()
    } == set()


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE.search(line) or any(host in line for host in REGISTRIES)
    ]
    assert found == []


def test_nothing_is_left_for_later() -> None:
    found = [str(path) for path in CODE + TESTS if UNFINISHED.search(path.read_text())]
    assert found == []


def test_every_exception_from_a_rule_has_its_reason() -> None:
    bare = re.compile("no" + r"qa(?!: [A-Z]+\d+(, [A-Z]+\d+)* - \w)")
    assert [
        f"{path.relative_to(ROOT)}:{number}: say why, as in `noqa: S104 - asked, not bound`"
        for path in [*CODE, *TESTS]
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if bare.search(line.partition("# ")[2]) and path != Path(__file__)
    ] == []


def test_g04_only_settings_reads_the_environment() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in CODE
        if re.search(
            r"\bos\.(environb?|getenv)\b|from os import .*(environ|getenv)", path.read_text()
        )
    }
    assert readers == {"bot/settings.py"}


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_core_asks_no_clock_and_opens_no_file(path: Path) -> None:
    asked = [
        (line, name)
        for line, name in called(ast.parse(path.read_text()))
        if name == "open"
        or re.search(r"\b(datetime|date)\.(now|utcnow|today)$", name)
        or re.search(r"\.(read_text|read_bytes|write_text|write_bytes|iterdir|glob)$", name)
    ]
    assert asked == []


def test_every_requirement_in_the_lock_has_a_hash_and_no_address() -> None:
    lock = ROOT.joinpath("requirements.lock").read_text()
    entries = re.split(r"\n(?=[a-z0-9])", lock)
    assert "://" not in lock
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_everything_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text())
    groups = project["dependency-groups"]
    asked = [
        *project["project"]["dependencies"],
        *groups["build"],
        *(line for line in groups["dev"] if isinstance(line, str)),
    ]
    locked = set(
        re.findall(
            r"^([a-z0-9._-]+)==", ROOT.joinpath("requirements.lock").read_text(), re.MULTILINE
        )
    )
    names = {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower() for line in asked}
    assert names - locked == set()


def test_no_test_reaches_beyond_this_machine() -> None:
    with pytest.raises((RuntimeError, UserWarning), match=r"192\.0\.2\.1"):
        socket.create_connection(("192.0.2.1", 9), timeout=0.01)
