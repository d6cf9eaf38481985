"""Two nurseries that work beside the tests: while one story is checked, the next is told."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Generic, TypeVar

import pytest

from tests import fakes
from tests.crash.ledger import COMMITS
from tests.crash.story import Left, Nursery, story
from tests.databases import Server

K = TypeVar("K")
T = TypeVar("T")
CREW = 2
ATTEMPTS = 5
ALARMS = {name for name in COMMITS if name.startswith("alarm")}


class AlarmPassed(Exception):  # noqa: N818 - no failure: the machine was slow
    """What an alarm was to be set for was due already, so nobody set it: tell the story again."""


class Crew:
    """Tells `CREW` stories at once, each in a folder of its own."""

    def __init__(self, folders: Callable[[], Path]) -> None:
        self._folders = folders
        self._free: SimpleQueue[Nursery] = SimpleQueue()
        self._nurseries: list[Nursery] = [Nursery() for _ in range(CREW)]
        self._threads = ThreadPoolExecutor(CREW)
        for nursery in self._nurseries:
            self._free.put(nursery)

    def tell(self, plot: Callable[[Nursery, Path], T]) -> T:
        """Tell one story now."""
        return self.begin(plot).result()

    def begin(self, plot: Callable[[Nursery, Path], T]) -> Future[T]:
        """Tell one story soon."""
        return self._threads.submit(self._tell, plot)

    def ahead(self, keys: Sequence[K], plot: Callable[[K, Nursery, Path], T]) -> "Ahead[K, T]":
        """Return the stories of `keys`, told in that order."""
        return Ahead(self, keys, plot)

    def end(self) -> None:
        """Wait for what was begun, and end the nurseries."""
        self._threads.shutdown()
        for nursery in self._nurseries:
            nursery.end()

    def _tell(self, plot: Callable[[Nursery, Path], T]) -> T:
        nursery = self._free.get()
        try:
            for _ in range(ATTEMPTS - 1):
                with suppress(AlarmPassed):
                    return plot(nursery, self._folders())
            return plot(nursery, self._folders())
        finally:
            self._free.put(nursery)


class Ahead(Generic[K, T]):
    """Stories by key; asking for one begins the next few too."""

    def __init__(
        self, crew: Crew, keys: Sequence[K], plot: Callable[[K, Nursery, Path], T]
    ) -> None:
        self._crew = crew
        self._keys = list(keys)
        self._plot = plot
        self._begun: dict[int, Future[T]] = {}

    def __getitem__(self, key: K) -> T:
        first = self._keys.index(key)
        for place in range(first, min(first + CREW + 1, len(self._keys))):
            if place not in self._begun:
                self._begun[place] = self._begin(self._keys[place])
        return self._begun[first].result()

    def _begin(self, key: K) -> Future[T]:
        return self._crew.begin(lambda nursery, folder: self._plot(key, nursery, folder))


@pytest.fixture(scope="package")
def postgresql_crew(
    tmp_path_factory: pytest.TempPathFactory, postgresql: Server
) -> Generator[Crew]:
    """Each of its stories has a database of its own in a PostgreSQL server."""
    folders: list[Path] = []

    def place() -> Path:
        folder = tmp_path_factory.mktemp("story")
        fakes.DATABASES[folder] = postgresql.url(postgresql.empty())
        folders.append(folder)
        return folder

    made = Crew(place)
    yield made
    made.end()
    for folder in folders:
        del fakes.DATABASES[folder]


@pytest.fixture(scope="package")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Generator[Crew]:
    made = Crew(lambda: tmp_path_factory.mktemp("story"))
    yield made
    made.end()


@pytest.fixture(scope="package")
def clean(crew: Crew) -> tuple[Left, list[str]]:
    """The story without a death: what it left, and the names of its commits."""
    return crew.tell(undisturbed)


@pytest.fixture(scope="package")
def postgresql_clean(postgresql_crew: Crew) -> tuple[Left, list[str]]:
    """The same, on PostgreSQL."""
    return postgresql_crew.tell(undisturbed)


def undisturbed(nursery: Nursery, folder: Path) -> tuple[Left, list[str]]:
    with story(folder, nursery) as told:
        left = told.live()
        assert left.code == 0, told.output()
        commits = told.commits()
        if not set(commits) >= ALARMS:
            raise AlarmPassed(told.output())
        return left, commits
