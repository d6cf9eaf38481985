"""Programs the benchmarks start on loopback: started, measured by pid, and ended by pid."""

import os
import resource
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

READY_WITHIN_S = 30.0
QUIET_S = 0.15
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Child:
    """One running program; `url` is where it answers, `home` the folder it may write."""

    process: subprocess.Popen[bytes]
    url: str
    home: Path

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def cpu_s(self) -> float:
        """User and system seconds used so far, in steps of 10 ms."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S

    def rss_mb(self) -> float:
        """Megabytes it holds in memory now."""
        return self._memory_mb("VmRSS:")

    def peak_mb(self) -> float:
        """The most it ever held."""
        return self._memory_mb("VmHWM:")

    def _memory_mb(self, name: str) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
        raise BenchError(f"{self.url} has no memory any more")

    def settled_cpu_s(self, within_s: float = 5.0) -> float:
        """Like `cpu_s`, once the program has finished what it does after its last answer."""
        until = time.monotonic() + within_s
        last = self.cpu_s()
        while time.monotonic() < until:
            time.sleep(QUIET_S)
            now = self.cpu_s()
            if now - last < 2 * TICK_S:
                return now
            last = now
        return last


class BenchError(Exception):
    """A benchmark could not be made, or what it measured is not what it must be."""


@contextmanager
def running(
    command: Sequence[str], home: Path, url: str, ready: str, env: Mapping[str, str] | None = None
) -> Generator[Child]:
    """Run a program in `home` until the block ends; its output is kept in `home`/log."""
    home.mkdir(parents=True, exist_ok=True)
    log = home / "log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, cwd=home, env=env, stdout=out, stderr=subprocess.STDOUT, close_fds=True
        )
    try:
        wait_until(lambda: _answers(process, f"{url}{ready}", log), f"{url} did not start: {log}")
        yield Child(process, url, home)
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end; after ten seconds, insist."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def wait_until(
    met: Callable[[], bool], why: str, within_s: float = READY_WITHIN_S, every_s: float = 0.005
) -> None:
    """Return once `met`; BenchError with `why` when that takes too long."""
    until = time.monotonic() + within_s
    while not met():
        if time.monotonic() > until:
            raise BenchError(why)
        time.sleep(every_s)


def run_cpu_s(command: Sequence[str], env: Mapping[str, str] | None = None) -> float:
    """Run a program to its end; return the CPU seconds it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _answers(process: subprocess.Popen[bytes], url: str, log: Path) -> bool:
    if process.poll() is not None:
        tail = log.read_text(errors="replace")[-2000:]
        raise BenchError(f"{url} ended with {process.returncode} before it answered:\n{tail}")
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310 - a loopback address of ours
            return answer.status == 200
    except (URLError, OSError):
        return False
