"""Requests of which nobody says what they cost are in the book as they were estimated (F-10)."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.agent.exchange import ModelError
from bot.agent.llm_settings import LlmSettings
from bot.app.minding import priced
from bot.incident.facts_run import Usage
from bot.store.store import Store
from tests.bot.agent.minds import MODEL, context
from tests.bot.agent.test_budget import budget, made, refused
from tests.fakes import T0, FakeClock, open_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    async with open_store(tmp_path, FakeClock()) as opened:
        yield opened


@pytest.mark.parametrize("outcome", ["slow", "invalid", "ok"])
async def test_f10_each_request_that_was_not_told_counts_as_estimated(
    store: Store, outcome: str
) -> None:
    book = budget(store, input_usd=2)
    call = await book.begin(context(), MODEL, 800, 1000)
    told = Usage(input_tokens=900, output_tokens=10, micro_usd=250, requests=3)
    await book.end(call, told, outcome, 2)
    spent = await store.model_calls.spent(T0)
    assert (spent.input_tokens, spent.micro_usd) == (900 + 2000, 250 + 2 * 2000)
    assert list(await store.model_calls.ratios(MODEL)) == []


async def test_f10_garbage_for_ever_uses_the_budget_up(store: Store) -> None:
    book, asked = budget(store, incident_input_tokens=5000), 0
    while not await refused(book):
        asked += 1
        call = await book.begin(context(incident="INC-2"), MODEL, 800, 1000)
        await book.end(call, Usage(requests=1), "invalid", 1)
        spent = await store.model_calls.spent(T0, "INC-2")
        assert spent.input_tokens == asked * 1000
        if asked == 5:
            break
    with pytest.raises(ModelError, match="LLM_INCIDENT_INPUT_TOKENS"):
        await book.begin(context(incident="INC-2"), MODEL, 800, 1000)


async def test_f10_a_listed_price_is_known_before_anything_was_answered(store: Store) -> None:
    limits = priced(made(model="openai:gpt-5-mini", day_usd=0.5))
    book = budget(store, **limits.model_dump())
    call = await book.begin(context(), MODEL, 800, 100_000)
    assert call.micro_usd == 25_000, "a call of which nothing is heard has cost that"
    assert "LLM_DAY_USD" in await refused(book, 2_000_000)


def test_prices_that_are_set_stay_and_without_a_limit_none_is_looked_up() -> None:
    limits = LlmSettings.model_validate({"model": "openai:gpt-5-mini"})
    assert priced(limits) is limits
    limits = limits.model_copy(update={"day_usd": 1.0, "output_usd": 3.0})
    assert priced(limits) is limits


@pytest.mark.parametrize("usd", ["inf", "nan", "1e300", "-1"])
@pytest.mark.parametrize("name", ["input_usd", "output_usd", "incident_usd", "day_usd"])
def test_money_is_a_number_that_can_be_counted_with(name: str, usd: str) -> None:
    with pytest.raises(ValueError, match=name):
        LlmSettings.model_validate({name: usd})


async def test_f10_a_dollar_limit_however_small_is_one(store: Store) -> None:
    book = budget(store, incident_usd=1e-9, input_usd=1, output_usd=1)
    assert "LLM_INCIDENT_USD" in await refused(book)
