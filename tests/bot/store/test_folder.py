import os
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.settings import SHIPPED_RUNBOOKS
from bot.store.folder import Folder
from bot.store.revision import git_revision

HASH = "0123456789abcdef0123456789abcdef01234567"


def write(path: Path, text: str, later_s: int = 0) -> None:
    """Write a file whose times differ from those of any earlier write."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (1_700_000_000 + later_s, 1_700_000_000 + later_s))


def test_the_shipped_folder_loads() -> None:
    folder = Folder(SHIPPED_RUNBOOKS)
    names = [runbook.name for runbook in folder.load().runbooks]
    about_itself = [name for name in names if name.startswith("triagebot-")]
    assert len(about_itself) == 10
    assert sorted({*names} - {*about_itself}) == ["bad-deploy", "disk", "error-rate", "latency"]
    assert folder.problem == ""


def test_markdown_is_read_at_any_depth_and_yaml_at_the_top(tmp_path: Path) -> None:
    for name in ("a.md", "team/b.md", "README.md", ".hidden.md", ".git/c.md", "team/x.yaml"):
        write(tmp_path / name, "# T")
    write(tmp_path / "jobs.yaml", "jobs: []")
    write(tmp_path / "notes.txt", "x")
    knowledge = Folder(tmp_path).load()
    assert sorted(knowledge.digests) == ["a.md", "jobs.yaml", "team/b.md"]


def test_nothing_new_is_none(tmp_path: Path) -> None:
    write(tmp_path / "a.md", "# A")
    folder = Folder(tmp_path)
    first = folder.load()
    assert folder.reload() is None
    write(tmp_path / "a.md", "# A", later_s=9)
    assert folder.reload() is None
    assert folder.knowledge is first


def test_the_first_reload_loads(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.reload() is not None
    assert folder.reload() is None


@pytest.mark.parametrize("change", ["edit", "add", "remove", "same size and time"])
def test_a_change_is_seen(tmp_path: Path, change: str) -> None:
    write(tmp_path / "a.md", "# A")
    write(tmp_path / "b.md", "# B")
    folder = Folder(tmp_path)
    before = folder.load()
    match change:
        case "edit":
            write(tmp_path / "a.md", "# Other", later_s=5)
        case "add":
            write(tmp_path / "c.md", "# C")
        case "remove":
            (tmp_path / "a.md").unlink()
        case _:
            write(tmp_path / "a.md", "# Z")
    after = folder.reload()
    assert after is not None
    assert after.revision != before.revision
    assert folder.knowledge is after


def test_a_broken_file_keeps_the_last_good_state_until_it_is_mended(tmp_path: Path) -> None:
    write(tmp_path / "policy.yaml", "rules: []")
    folder = Folder(tmp_path)
    good = folder.load()
    write(tmp_path / "policy.yaml", "rules: [{name: a}]", later_s=1)
    assert folder.reload() is None
    assert folder.knowledge is good
    assert "policy.yaml line 1: rules[0] 'a': allows without approvers" in folder.problem
    assert folder.reload() is None
    assert folder.problem
    write(tmp_path / "policy.yaml", "rules: [{name: a, approvers: [owner]}]", later_s=2)
    mended = folder.reload()
    assert mended is not None
    assert len(mended.policy.rules) == 1
    assert folder.problem == ""


def test_mending_back_to_what_it_was_clears_the_problem(tmp_path: Path) -> None:
    write(tmp_path / "policy.yaml", "rules: []")
    folder = Folder(tmp_path)
    good = folder.load()
    write(tmp_path / "policy.yaml", "rules: 5", later_s=1)
    assert folder.reload() is None
    write(tmp_path / "policy.yaml", "rules: []", later_s=2)
    assert folder.reload() is None
    assert folder.problem == ""
    assert folder.knowledge is good


def test_a_folder_that_went_away_is_said_to_and_may_come_back(tmp_path: Path) -> None:
    place = tmp_path / "knowledge"
    write(place / "a.md", "# A")
    folder = Folder(place)
    good = folder.load()
    place.rename(tmp_path / "elsewhere")
    assert folder.reload() is None
    assert "there is no such folder; set TRIAGE_RUNBOOKS" in folder.problem
    assert folder.knowledge is good
    (tmp_path / "elsewhere").rename(place)
    assert folder.reload() is None
    assert folder.problem == ""


def test_a_missing_folder_is_a_config_error(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "none")
    with pytest.raises(ConfigError, match="there is no such folder"):
        folder.load()
    assert folder.problem


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.md", "x" * (1024 * 1024 + 1))
    with pytest.raises(ConfigError, match=r"a\.md: larger than 1 MiB"):
        Folder(tmp_path).load()


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    for number in range(2001):
        (tmp_path / f"{number}.md").touch()
    with pytest.raises(ConfigError, match="more than 2000 files"):
        Folder(tmp_path).load()


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "secret.md", "# secret")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.md").symlink_to(tmp_path / "secret.md")
    with pytest.raises(ConfigError, match=r"a\.md: links out of the folder"):
        Folder(tmp_path / "in").load()


@pytest.mark.parametrize("target", ["gone.md", "loop.md"])
def test_a_link_to_nothing_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "loop.md").symlink_to(tmp_path / target)
    with pytest.raises(ConfigError, match=r"loop\.md: cannot be read"):
        Folder(tmp_path).load()


def test_files_linked_within_the_folder_are_read(tmp_path: Path) -> None:
    write(tmp_path / "..version/a.md", "# A")
    (tmp_path / "a.md").symlink_to(tmp_path / "..version/a.md")
    assert list(Folder(tmp_path).load().digests) == ["a.md"]


def test_the_revision_is_gits_where_there_is_one(tmp_path: Path) -> None:
    folder = tmp_path / "knowledge"
    folder.mkdir()
    assert git_revision(folder) == ""
    write(tmp_path / ".git/HEAD", "ref: refs/heads/main\n")
    assert git_revision(folder) == ""
    write(
        tmp_path / ".git/packed-refs",
        f"# pack-refs\n{'f' * 40} refs/heads/x\n{HASH} refs/heads/main\n",
    )
    assert git_revision(folder) == HASH
    write(tmp_path / ".git/refs/heads/main", "a" * 40 + "\n")
    assert git_revision(folder) == "a" * 40
    write(tmp_path / ".git/HEAD", HASH + "\n")
    assert Folder(folder).load().revision.startswith(HASH[:12] + "+")


def test_the_revision_of_a_linked_work_tree_is_found(tmp_path: Path) -> None:
    write(tmp_path / "main/.git/worktrees/w/HEAD", "ref: refs/heads/w")
    write(tmp_path / "main/.git/worktrees/w/commondir", "../..")
    write(tmp_path / "main/.git/refs/heads/w", HASH)
    write(tmp_path / "w/.git", "gitdir: ../main/.git/worktrees/w")
    assert git_revision(tmp_path / "w") == HASH


@pytest.mark.parametrize("head", ["ref: refs/heads/../../../secret", "not a hash", ""])
def test_an_odd_head_is_no_revision(tmp_path: Path, head: str) -> None:
    write(tmp_path / ".git/HEAD", head)
    write(tmp_path / "secret", "password")
    assert git_revision(tmp_path) == ""
