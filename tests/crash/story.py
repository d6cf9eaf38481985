"""One story on one database file: victims that live and die, and what is left after each."""

import asyncio
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.incident.events import Event
from bot.incident.fact import HOUSE
from bot.incident.reducer import State, fold
from bot.store.audit import Break
from bot.store.store import Store
from tests.crash import scene
from tests.crash.dying import COMMITS, INCIDENT, Death, has_log
from tests.crash.target import Target, serving
from tests.crash.victim import TOLD, Config
from tests.fakes import url_of

ROOT = Path(__file__).parents[2]


class Nursery:
    """One process that starts one victim after the other."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.nursery"],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, config: Path) -> int:
        """Start a victim and return its pid; `wait` must follow."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{config}\n")
        self._process.stdin.flush()
        return self.wait()

    def wait(self) -> int:
        """Return the victim's exit code, negative when a signal killed it."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def end(self) -> None:
        """Hang up, and wait until it is gone."""
        self._process.communicate()


@dataclass(frozen=True)
class Left:
    """What stands on the disk and outside between two lives."""

    code: int
    events: Mapping[str, Sequence[Event]]
    breaks: Sequence[Break]
    told: frozenset[str]
    calls: Mapping[str, int]

    @property
    def thread(self) -> Sequence[Event]:
        """The incident's events."""
        return self.events.get(INCIDENT, ())

    @property
    def types(self) -> list[str]:
        """The incident's event types, in order."""
        return [event.type for event in self.thread]

    @property
    def house(self) -> list[str]:
        """The event types of the bot's own stream, in order."""
        return [event.type for event in self.events.get(HOUSE, ())]

    @property
    def state(self) -> State:
        """What the thread adds up to."""
        return fold(self.thread)


class Story:
    """A folder, a target, and victims one after the other."""

    def __init__(self, folder: Path, target: Target, nursery: Nursery, *, read_back: bool) -> None:
        self.folder = folder
        self.target = target
        self.start = datetime.now(UTC)
        self._nursery = nursery
        scene.write_folder(folder / "knowledge", target.url, read_back=read_back)

    def config(self, death: Death | None = None) -> Path:
        """Write and return the configuration of the next life."""
        config = Config(
            folder=self.folder,
            url=url_of(self.folder),
            target=self.target.url,
            start=self.start,
            death=death,
        )
        path = self.folder / "config.json"
        path.write_text(config.model_dump_json())
        return path

    def begin(self, death: Death | None = None) -> int:
        """Start a life and return its pid; `end` must follow."""
        return self._nursery.start(self.config(death))

    def end(self) -> Left:
        """Wait for the life to end and return what it left."""
        return self.left(self._nursery.wait())

    def left(self, code: int) -> Left:
        """Return what stands there now, after a process that ended with `code`."""
        return asyncio.run(self._left(code))

    def live(self, death: Death | None = None) -> Left:
        """Live once, to the end or to the death."""
        self.begin(death)
        return self.end()

    def commits(self) -> list[str]:
        """Return the names of the commits so far, in order."""
        return self.folder.joinpath(COMMITS).read_text().splitlines()

    def output(self) -> str:
        """Return what the victims wrote to their terminal."""
        path = self.folder / "output"
        return path.read_text() if path.exists() else ""

    async def _left(self, code: int) -> Left:
        told = self.folder / TOLD
        events: dict[str, list[Event]] = {}
        breaks: list[Break] = []
        url = url_of(self.folder)
        if has_log(url):
            clock = scene.QuickClock(self.start)
            async with Store.open(url, clock, read_only=True) as store:
                breaks = await store.verify()
                for stream in await store.log.heads():
                    events[stream] = await store.log.load(stream)
        return Left(
            code=code,
            events=events,
            breaks=breaks,
            told=frozenset(told.read_text().split()) if told.exists() else frozenset(),
            calls=dict(self.target.calls),
        )


@contextmanager
def story(
    folder: Path, nursery: Nursery, target: Target | None = None, *, read_back: bool = False
) -> Generator[Story]:
    """Set the scene for one story in an empty folder."""
    with serving(target or Target()) as served:
        yield Story(folder, served, nursery, read_back=read_back)
