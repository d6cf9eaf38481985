"""The processes of one bot, by name: started, stopped, killed and replaced by signals only."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.siege.nursery import Order

ROOT = Path(__file__).parents[2]
LOOK_S = 0.02
END_S = 60.0


@dataclass(frozen=True)
class Part:
    """One process: `triagebot words…` with this environment."""

    name: str
    words: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict[str, str])


class Nursery:
    """One process that starts the others, and knows how they ended."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.siege.nursery"],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, part: Part, home: Path) -> int:
        """Start a process and return its pid."""
        output = f"{part.name}.log"
        return int(self._ask(Order(words=part.words, home=home, output=output, env=part.env)))

    def ended(self, pid: int) -> int | None:
        """Return the exit code, negative when a signal killed it; None while it lives."""
        answer = self._ask(Order(pid=pid))
        return None if answer == "null" else int(answer)

    def hang_up(self) -> None:
        """End it, and all that it started."""
        self._process.communicate()

    def _ask(self, order: Order) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{order.model_dump_json()}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


class Crew:
    """The parts of one bot in one home folder; each may be away for a while."""

    def __init__(self, nursery: Nursery, parts: Sequence[Part], home: Path) -> None:
        self._nursery = nursery
        self._parts = {part.name: part for part in parts}
        self._pids: dict[str, int] = {}
        self.home = home

    @property
    def names(self) -> list[str]:
        """Every part's name, in the order given."""
        return list(self._parts)

    def start(self, *names: str) -> None:
        """Start these parts, or all of them; none may be running."""
        for name in names or self.names:
            assert name not in self._pids, f"{name} runs already"
            self._pids[name] = self._nursery.start(self._parts[name], self.home)

    async def kill(self, name: str) -> None:
        """Let the kernel end a part, and wait until it is gone."""
        self.signal(name, signal.SIGKILL)
        code = await self.gone(name)
        assert code == -signal.SIGKILL, f"{name} had ended with {code}:\n{self.output(name)}"

    async def end(self, *names: str) -> None:
        """Ask these parts, or all that run, to end; each must do so with exit code 0."""
        asked = names or tuple(self._pids)
        for name in asked:
            self.signal(name, signal.SIGTERM)
        for name in asked:
            code = await self.gone(name)
            assert code == 0, f"{name} ended with {code}:\n{self.output(name)}"

    def processes(self) -> Mapping[str, int]:
        """Return the pid of each part that runs; all of them must be alive."""
        for name, pid in self._pids.items():
            code = self._nursery.ended(pid)
            assert code is None, f"{name} had ended with {code}:\n{self.output(name)}"
        return dict(self._pids)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a part."""
        os.kill(self._pids[name], number)

    async def gone(self, name: str) -> int:
        """Wait until a part has ended; return its exit code, negative for a signal."""
        late = time.monotonic() + END_S
        while (code := self._nursery.ended(self._pids[name])) is None:
            assert time.monotonic() < late, f"{name} does not end:\n{self.output(name)}"
            await asyncio.sleep(LOOK_S)
        del self._pids[name]
        return code

    async def run(self, words: Sequence[str], env: Mapping[str, str]) -> tuple[int, str]:
        """Run another command to its end beside the crew; return its exit code and output."""
        name = f"command-{'-'.join(words).lower()}"
        self._parts[name] = Part(name, tuple(words), env)
        self.start(name)
        code = await self.gone(name)
        del self._parts[name]
        return code, self.output(name)

    def output(self, name: str) -> str:
        """Return the end of what a part wrote to its terminal."""
        path = self.home / f"{name}.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""
