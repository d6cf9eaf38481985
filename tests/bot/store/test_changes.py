"""Changes: told once, found by service and time."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.bot.store.examples import change, delivery
from tests.fakes import T0, open_store

pytestmark = pytest.mark.usefixtures("each_database")


async def test_changes_are_on_the_house_and_found_by_service(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        changes = [change("c1", minutes=1), change("c2", "v43", minutes=2)]
        await store.deliveries.accept_change(delivery("d1"), changes)
        assert await store.changes.recent("checkout", T0) == changes[::-1]
        assert await store.changes.recent("", T0, limit=1) == changes[1:]
        assert await store.changes.recent("other", T0) == []
        assert await store.changes.recent("checkout", T0 + timedelta(minutes=2)) == changes[1:]
        assert [event.type for event in await store.log.load("house")] == ["ChangeRecorded"] * 2


async def test_a_change_told_twice_is_one_and_its_newest_word_counts(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.deliveries.accept_change(delivery("d1"), [change()])
        again = await store.deliveries.accept_change(delivery("d1"), [change()])
        assert again.duplicate
        await store.deliveries.accept_change(delivery("d2"), [change()])
        assert len(await store.log.load("house")) == 1
        await store.deliveries.accept_change(delivery("d3"), [change(version="v44")])
        assert await store.changes.recent("checkout", T0) == [change(version="v44")]
        assert len(await store.log.load("house")) == 2
