"""The book of calls to models: replaced by id, summed by incident and time, a ratio a model."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.ports import ModelCall, Spending
from tests.fakes import T0, open_store

pytestmark = pytest.mark.usefixtures("each_database")
CALL = ModelCall("c1", "INC-1", "r1s1", "test:model", T0, 1000, 900, 100, 250)


async def test_the_same_id_again_replaces_what_was_written(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        book = store.model_calls
        await book.add(replace(CALL, outcome="slow", input_tokens=1300, output_tokens=0))
        await book.add(replace(CALL, model="test:next"))  # who answered may be another
        assert await book.spent(T0) == Spending(1, 900, 100, 250)
        assert list(await book.ratios("test:model")) == []
        assert len(await book.ratios("test:next")) == 1


async def test_spending_is_summed_by_incident_and_since_a_time(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        book = store.model_calls
        assert await book.spent(T0) == Spending()
        await book.add(CALL)
        await book.add(replace(CALL, id="c2", at=T0 + timedelta(hours=1), micro_usd=None))
        await book.add(replace(CALL, id="c3", incident="INC-2", micro_usd=2**40))
        slow = replace(CALL, id="c4", incident="INC-3", micro_usd=None, outcome="slow")
        await book.add(slow)
        assert await book.spent(T0, "INC-1") == Spending(2, 1800, 200, 250, unpriced=1)
        assert await book.spent(T0 + timedelta(seconds=1)) == Spending(1, 900, 100, 0, unpriced=1)
        assert await book.spent(T0, "INC-3") == Spending(1, 900, 100, 0, unpriced=0)
        assert (await book.spent(T0)).micro_usd == 250 + 2**40


async def test_ratios_are_of_one_model_the_newest_first_and_of_what_was_reported(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path) as store:
        book = store.model_calls
        for number in range(5):
            at, tokens = T0 + timedelta(seconds=number), 1000 + 100 * number
            await book.add(replace(CALL, id=f"c{number}", at=at, input_tokens=tokens))
        await book.add(replace(CALL, id="other", model="test:other"))
        await book.add(replace(CALL, id="slow", outcome="slow", input_tokens=9000))
        await book.add(replace(CALL, id="none", input_tokens=0))
        await book.add(replace(CALL, id="unknown", estimated_tokens=0))
        assert list(await book.ratios("test:model", 3)) == [1.4, 1.3, 1.2]
        assert len(await book.ratios("test:model")) == 5
        assert list(await book.ratios("test:nobody")) == []
