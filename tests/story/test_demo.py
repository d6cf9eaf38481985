"""The demo as a stranger runs it: one command, the whole story, and nothing left behind."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.dialling import ONE_EACH
from tests.peers import free_port
from tests.story.running import TRIAGEBOT

AUTO_S = 120.0
END_S = 60.0
POLL_S = 0.04


@contextmanager
def demo(tmp: Path, *arguments: str) -> Generator[subprocess.Popen[bytes]]:
    """Run the demo in a session of its own, so that whatever it starts can be found and ended."""
    folder = tmp / "tmp"
    folder.mkdir()
    env = {"PATH": os.environ["PATH"], "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
    with tmp.joinpath("out").open("wb") as out:
        process = subprocess.Popen(
            [TRIAGEBOT, "demo", *arguments],
            cwd=tmp,
            env=env,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        for pid in session_of(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait(END_S)


def session_of(leader: int) -> list[int]:
    """Return the processes that still live in the session that `leader` began."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if fields[0] != "Z" and int(fields[3]) == leader:
            found.append(int(stat.parent.name))
    return found


def told(tmp: Path) -> str:
    return tmp.joinpath("out").read_text(errors="replace")


def expect_nothing_left(tmp: Path, process: subprocess.Popen[bytes]) -> None:
    assert session_of(process.pid) == []
    assert list(tmp.joinpath("tmp").iterdir()) == []
    assert sorted(path.name for path in tmp.iterdir()) == ["out", "tmp"]


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")


@needs_proc
@pytest.mark.timeout(AUTO_S + END_S)
def test_the_demo_plays_itself_to_the_end_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo(tmp_path, "--auto") as process:
        assert process.wait(AUTO_S) == 0, told(tmp_path)
        expect_nothing_left(tmp_path, process)
    lines = told(tmp_path).strip().splitlines()
    assert lines[-1] == "demo: INC-1 resolved"
    said = [line for line in lines if line.startswith(("sam:", "dana:", "bot: "))]
    who = [line.partition(" ")[0] for line in said]
    assert who == ["sam:", "bot:", "dana:", "bot:"]
    assert "rule owners roll back: only owner may decide" in said[1]
    assert "you (sam) are not among them" in said[1]
    assert "is approved" in said[3]
    assert any("sam tried to decide" in line and "was refused" in line for line in lines), lines


@needs_proc
def test_ctrl_c_in_the_middle_of_the_demo_ends_everything(tmp_path: Path) -> None:
    with demo(tmp_path, "--port", str(free_port())) as process:
        url, token = invited(tmp_path, process)
        end = time.monotonic() + END_S
        with signed_in(url, token) as dana:
            while "/proposals/" not in dana.get("/approvals").raise_for_status().text:
                assert time.monotonic() < end, told(tmp_path)
                time.sleep(POLL_S)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        assert process.wait(END_S) in {0, 130}, told(tmp_path)
        expect_nothing_left(tmp_path, process)
    assert "Traceback" not in told(tmp_path)


def invited(tmp: Path, process: subprocess.Popen[bytes]) -> tuple[str, str]:
    """Wait for the invitation, and return where the bot listens and the token to sign in with."""
    end = time.monotonic() + END_S
    while "Ctrl-C ends everything" not in told(tmp):
        assert process.poll() is None, told(tmp)
        assert time.monotonic() < end, told(tmp)
        time.sleep(POLL_S)
    found = re.search(r"(http://127\.0\.0\.1:\d+)/login#(\S+)", told(tmp))
    assert found, told(tmp)
    return found[1], found[2]


@contextmanager
def signed_in(url: str, link: str) -> Generator[httpx.Client]:
    """Yield a browser in which whoever the link is for has signed in; once, and never again."""
    with httpx.Client(base_url=url, trust_env=False, timeout=END_S, limits=ONE_EACH) as browser:
        entered = browser.post("/login", data={"token": link}, headers={"origin": url})
        assert entered.status_code == 303, entered.text
        assert ">dana</a>" in browser.get("/me").text
        again = browser.post("/login", data={"token": link}, headers={"origin": url})
        assert (again.status_code, "works once" in again.text) == (403, True)
        yield browser
