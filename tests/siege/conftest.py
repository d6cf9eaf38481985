"""One nursery for all sieges of a run, and a camp on each database."""

from collections.abc import Generator, Mapping
from pathlib import Path

import pytest

from tests.databases import Server
from tests.siege.camp import Camp
from tests.siege.crew import Nursery

ALONE: Mapping[str, tuple[str, ...]] = {"serve": ("serve",)}
TOGETHER: Mapping[str, tuple[str, ...]] = {
    "web": ("web",),
    "worker-1": ("worker",),
    "worker-2": ("worker",),
}


@pytest.fixture(scope="package")
def nursery() -> Generator[Nursery]:
    made = Nursery()
    yield made
    made.hang_up()


@pytest.fixture
def camp_of_many(tmp_path: Path, nursery: Nursery, postgresql: Server) -> Generator[Camp]:
    """PostgreSQL: its doors and its workers are processes of their own."""
    name = postgresql.empty()
    yield Camp(nursery, tmp_path, postgresql.url(name), TOGETHER)
    postgresql.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def camp(request: pytest.FixtureRequest, tmp_path: Path, nursery: Nursery) -> Camp:
    """SQLite: one process does everything; or PostgreSQL."""
    if request.param == "sqlite":
        return Camp(nursery, tmp_path, f"sqlite:///{tmp_path / 'bot.db'}", ALONE)
    made: Camp = request.getfixturevalue("camp_of_many")
    return made
