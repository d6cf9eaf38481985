"""A knowledge folder with traps in it: refused in a sentence, and the last good one stays."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.store.folder import Folder
from bot.web.api_models import StatusOut
from tests.story.hostile.serving import Server, until

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
OBJECT = "!!python/object/apply:os.system ['touch pwned']"


def front(matter: str) -> str:
    return f"---\n{matter}\n---\n\n# Trap\n"


def written(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: folder.joinpath(name).write_text(text)


TRAPS: dict[str, Callable[[Path], object]] = {
    "python object in a runbook": written("trap.md", front(f"service: {OBJECT}")),
    "python object in the policy": written("policy.yaml", f"rules: {OBJECT}\n"),
    "billion laughs": written("services.yaml", LAUGHS),
    "laughs in a runbook": written("trap.md", front(f"{LAUGHS}service: x")),
    "merge key": written("services.yaml", "a: &a {b: 1}\nservices:\n  - <<: *a\n"),
    "deep": written("services.yaml", "services: " + "[" * 5000 + "]" * 5000),
    "two megabytes": written("trap.md", "# Trap\n" + "x" * 2_000_000),
    "runaway pattern": written("trap.md", front("match: ['alertname=~\"(a+)+b\"']")),
    "endless pattern": written("trap.md", front(f"match: ['alertname=~\"{'a?' * 5000}\"']")),
    "never closed": written("trap.md", "---\ntitle: Trap\n"),
    "duplicate key": written("policy.yaml", "rules: []\nrules: []\n"),
    "number that is none": written("services.yaml", "services: [{name: x, tier: .nan}]\n"),
    "bytes": lambda folder: folder.joinpath("trap.md").write_bytes(b"---\ntitle: \xff\x00\n---\n"),
    "link out": lambda folder: folder.joinpath("trap.md").symlink_to("/etc/passwd"),
    "link to itself": lambda folder: folder.joinpath("trap.md").symlink_to("trap.md"),
    "pipe": lambda folder: os.mkfifo(folder / "trap.md"),
}


def trapped(server: Server, folder: Path, name: str) -> Path:
    shutil.copytree(server.folder / "knowledge", folder)
    TRAPS[name](folder)
    return folder


@pytest.mark.parametrize("name", [name for name in TRAPS if name != "pipe"])
def test_a_trap_is_refused_in_a_sentence(server: Server, tmp_path: Path, name: str) -> None:
    folder = Folder(trapped(server, tmp_path / "knowledge", name))
    with pytest.raises(ConfigError) as refused:
        folder.load()
    assert len(str(refused.value)) < 1000
    assert "root:" not in str(refused.value)
    assert not Path("pwned").exists()


@pytest.mark.parametrize("name", ["pipe", "python object in the policy"])
def test_the_command_line_never_waits_for_a_trap(server: Server, tmp_path: Path, name: str) -> None:
    done = server.run("runbook", "lint", str(trapped(server, tmp_path / "knowledge", name)))
    assert done.returncode in {1, 2}
    assert "Traceback" not in (done.stdout + done.stderr).decode()
    assert not list(server.folder.glob("pwned"))


def test_e26_a_trap_set_in_the_live_folder_leaves_the_last_good_one_and_authorises_nobody(
    server: Server,
) -> None:
    asked = server.proposal(server.broken())
    trap = server.folder / "knowledge" / "policy.yaml"
    good = trap.read_text()
    trap.write_text(f"rules: {OBJECT}\n")
    try:
        refused = server.decide(asked)
        until("it is told", lambda: problems(server))
        assert server.http.get("/readyz").status_code == 200
        assert server.proposal(server.broken()).incident != asked.incident
    finally:
        trap.write_text(good)
    assert refused.status_code == 503
    assert "cannot be read as it stands now" in refused.json()["text"]
    until("it is well again", lambda: not problems(server))
    server.decide(asked).raise_for_status()
    assert server.proposal(asked.incident, "succeeded").id == asked.id


def problems(server: Server) -> list[str]:
    return StatusOut.model_validate_json(server.api("status").content).problems
