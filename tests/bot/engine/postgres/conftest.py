"""A store on a fresh database of a real server, and what looks at its jobs from outside."""

from collections.abc import AsyncGenerator

import pytest

from bot.store.store import Store
from tests.bot.engine.postgres.desk import Desk
from tests.fakes import FakeClock


@pytest.fixture
async def desk(postgresql_url: str) -> AsyncGenerator[Desk]:
    clock = FakeClock()
    async with Store.open(postgresql_url, clock) as store:
        made = Desk(postgresql_url.replace("+psycopg", ""), store, clock)
        yield made
        await made.close()
