"""A disk that takes nothing any more, under a running bot, and its cure."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.story.hostile.serving import Server, alerts, running_server, until

LIMIT_BYTES = 1
CHATTR = shutil.which("chattr") or "chattr"


@contextmanager
def full_disk(server: Server) -> Generator[None]:
    """Let no file of the bot's process grow, or be written past its first byte."""
    pid = server.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (LIMIT_BYTES, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def read_only(server: Server) -> Generator[None]:
    """Let nobody write to the database, or to the folder it is in, not even who has it open.

    Its index in shared memory is left alone: a write to a mapped page of an immutable file that
    the system had just saved ends the process with SIGBUS, before SQLite is asked anything.
    """
    database = [server.folder / "hostile.db", server.folder / "hostile.db-wal"]
    unchanging(server.folder, *database, on=True)
    try:
        yield
    finally:
        unchanging(server.folder, *database, on=False)


def unchanging(*paths: Path, on: bool) -> None:
    subprocess.run([CHATTR, "+i" if on else "-i", *paths], check=True, capture_output=True)


def may_be_unchanging(folder: Path) -> bool:
    """Tell whether this user, on this file system, may make files that nobody can write to."""
    probe = folder / "probe"
    probe.touch()
    try:
        unchanging(probe, on=True)
        unchanging(probe, on=False)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process's files")
def test_a_full_disk_is_said_turned_away_and_got_over_without_a_restart(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        got_over(server, full_disk(server), "disk")


def test_a_read_only_database_is_said_turned_away_and_got_over_without_a_restart(
    tmp_path: Path,
) -> None:
    if not may_be_unchanging(tmp_path):
        pytest.skip("needs root, and a file system whose files can be made immutable (chattr +i)")
    home = tmp_path / "home"
    home.mkdir()
    with running_server(home) as server:
        got_over(server, read_only(server), "let the bot write")


def got_over(server: Server, illness: AbstractContextManager[None], mend: str) -> None:
    """Make it ill while a proposal waits; it says so, turns away, and goes on once it is well."""
    server.well()
    waiting = server.broken()
    asked = server.proposal(waiting)
    with illness:
        refused = server.hook(alerts({"alertname": "WhileIll"}))
        assert refused.status_code == 503, refused.text
        assert int(refused.headers["retry-after"]) > 0

        def unready() -> str:
            answer = server.http.get("/readyz")
            return answer.text if answer.status_code == 503 else ""

        text = until("readiness sees it", unready, 60)
        assert "cannot be written" in text
        assert mend in text
        assert server.http.get("/livez").status_code == 200
        assert server.decide(asked).status_code >= 500
        assert server.process.poll() is None
    until("it is ready again", lambda: server.http.get("/readyz").is_success, 60)
    assert server.titled("WhileIll") == ""
    again = server.hook(alerts({"alertname": "WhileIll"}))
    assert again.status_code == 200, again.text
    assert server.decide(asked).status_code == 200
    done = "ActionFinished"
    until("the action runs", lambda: done in server.events(waiting), 60)
    assert len(server.target.runs) == 1
    with server.database() as connection:
        kept = {row[0] for row in connection.execute("SELECT id FROM incident")}
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert set(server.good) <= kept
    assert server.run("audit", "verify").returncode == 0
