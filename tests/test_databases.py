"""The tests' PostgreSQL ends with the tests, however they end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

START = """
import time
from tests.databases import running_server
with running_server() as server:
    print(server.process, flush=True)
    time.sleep(600)
"""


def is_running(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="asks /proc which processes there are")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_server_does_not_outlive_who_started_it(number: signal.Signals) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", START], stdout=subprocess.PIPE, cwd=Path(__file__).parent.parent
    )
    assert starter.stdout is not None
    try:
        server = int(starter.stdout.readline())
        assert is_running(server)
    finally:
        os.kill(starter.pid, number)
        starter.wait(60)
        starter.stdout.close()
    until = time.monotonic() + 60
    while is_running(server):
        assert time.monotonic() < until
        time.sleep(0.05)
