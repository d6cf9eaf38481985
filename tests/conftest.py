"""What every test gets: hypothesis as it runs here or in CI, and a PostgreSQL when it asks."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test, settings

from tests import fakes
from tests.databases import Server, running_server

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

HERE = Path(__file__).parent
WHOLE = {"crash", "evals", "recipes", "siege", "story"}
"""What plays whole stories."""
LONG = {"crash", "siege", "story", "test_bench.py", "test_delivery.py"}
"""What waits for whole processes: it begins first, so that no worker is left alone with it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what is long; leave out of the coverage what repeats and what measures.

    Traced code takes twice as long, and a hundred drawn examples reach little that the written
    ones beside them do not: the report shows what somebody thought of. Stories go through all of
    the code again, and most of it in processes that nobody traces.
    """
    items.sort(key=lambda item: LONG.isdisjoint(item.path.relative_to(HERE).parts))
    for item in items:
        drawn = isinstance(item, pytest.Function) and is_hypothesis_test(item.obj)
        whole = not WHOLE.isdisjoint(item.path.relative_to(HERE).parts)
        if drawn or whole or item.path.name == "test_bench.py":
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(scope="session")
def postgresql() -> Generator[Server]:
    """A server for the whole run, started when the first test asks."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql: Server) -> Generator[str]:
    """The address of a fresh database with the schema; a process may be handed it too."""
    name = postgresql.migrated()
    yield postgresql.url(name)
    postgresql.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/bot.db"
    return str(request.getfixturevalue("postgresql_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def each_database(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """Make `open_store(tmp_path)` mean a database of each kind; yield its address."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bot.db"
        return
    server: Server = request.getfixturevalue("postgresql")
    url = server.url(server.shared())
    fakes.DATABASES[tmp_path] = url
    yield url
    del fakes.DATABASES[tmp_path]
