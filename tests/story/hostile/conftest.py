"""One real server a module: it lives through every attack of it, and each test looks after it."""

from collections.abc import Generator

import pytest

from tests.story.hostile.serving import Server, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    with running_server(tmp_path_factory.mktemp("hostile")) as running:
        running.well()
        yield running


@pytest.fixture(autouse=True)
def unharmed(server: Server) -> Generator[None]:
    yield
    server.well()
